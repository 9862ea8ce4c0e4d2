// Video through FFmpeg's libraries, BT.709, the same bytes for the same frames: MP4 with H.264 by x264, and WebM with
// VP9 by libvpx. An MP4's times are exact at every frame rate; WebM counts whole milliseconds.
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "app/export/video/video_module.h"
#include "app/io/atomic_file.h"
#include "app/io/carried_text.h"
#include "app/io/system_error.h"

namespace convscope {
namespace {

/// x264's bytes depend on how many threads it runs, so the number does not follow the machine.
constexpr int kEncoderThreads = 4;
/// Of x264. Flat fills and letters at 960x540: 50 dB of luma, where colour at half resolution is the only loss that can
/// be seen. "fast" gains 3 dB more in twice the time, half of it in trellis (libx264 164).
constexpr const char* kCrf = "16";
constexpr const char* kPreset = "veryfast";
/// What stands still longer than this is one picture a second from then on: an hour's pause is encoded in seconds, and
/// players, which may show a clip of unequal frame lengths less readily, never wait longer than that for the next one.
constexpr int64_t kFullRateSeconds = 10;
/// More pictures than x264 ever holds back to code a later one first.
constexpr int64_t kReordered = 4;
/// A key frame at least this often, so that a lecturer can jump about in the clip.
constexpr int kKeySeconds = 4;

int even(int n) { return n + (n & 1); }

struct Kind {
  const char* name;
  const char* muxer;
  const char* encoder;
  bool webm;  // takes odd sizes as they are, and any tags
  void (*tune)(AVCodecContext&);
};

void tune_x264(AVCodecContext& codec) {
  av_opt_set(codec.priv_data, "preset", kPreset, 0);
  av_opt_set(codec.priv_data, "tune", "animation", 0);
  av_opt_set(codec.priv_data, "crf", kCrf, 0);
}

/// Constant quality in libvpx's fast mode: 130 frames of padding_strides at 960x540 take 1.2 s and 386 kB at 53 dB of
/// luma; its "good" mode takes 6.2 s for 254 kB, which nobody waits for (libvpx 1.12).
void tune_vp9(AVCodecContext& codec) {
  av_opt_set(codec.priv_data, "deadline", "realtime", 0);
  av_opt_set_int(codec.priv_data, "cpu-used", 7, 0);
  av_opt_set_int(codec.priv_data, "row-mt", 1, 0);
  av_opt_set_int(codec.priv_data, "crf", 20, 0);
  codec.bit_rate = 0;  // or crf would be a limit instead of a goal
  // libvpx codes the alpha as a second picture and cannot hide frames in both
  if (codec.pix_fmt == AV_PIX_FMT_YUVA420P) av_opt_set_int(codec.priv_data, "auto-alt-ref", 0, 0);
}

constexpr Kind kKinds[] = {{"MP4", "mp4", "libx264", false, tune_x264}, {"WebM", "webm", "libvpx-vp9", true, tune_vp9}};

template <auto free_function>
struct FreeByPointer {
  template <class T>
  void operator()(T* p) const {
    free_function(&p);
  }
};
using Codec = std::unique_ptr<AVCodecContext, FreeByPointer<avcodec_free_context>>;
using Frame = std::unique_ptr<AVFrame, FreeByPointer<av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, FreeByPointer<av_packet_free>>;
struct FreeScaler {
  void operator()(SwsContext* p) const { sws_freeContext(p); }
};
struct FreeMuxer {
  void operator()(AVFormatContext* p) const {
    if (p->pb != nullptr) avio_closep(&p->pb);
    avformat_free_context(p);
  }
};

class VideoSink final : public FrameSink {
 public:
  VideoSink(VideoKind kind, AtomicFile file, std::string target, const ClipFormat& format)
      : kind_(kKinds[static_cast<size_t>(kind)]), file_(std::move(file)), target_(std::move(target)), format_(format) {}

  Result<void> begin() override;
  Result<void> add(const Pixels& frame, int repeat) override;
  Result<void> finish() override;

 private:
  Result<void> open_codec();
  Result<void> open_scaler();
  Result<void> convert(const Pixels& frame);
  /// Sends a frame (null: no more) and writes what comes out.
  Result<void> encode(const AVFrame* frame);
  Result<void> append_xmp();
  Error failure(int code) const;
  static int asked_to_stop(void* sink) { return static_cast<const VideoSink*>(sink)->cancelled() ? 1 : 0; }

  const Kind& kind_;
  AtomicFile file_;
  std::string target_;
  ClipFormat format_;
  Codec codec_;
  std::unique_ptr<AVFormatContext, FreeMuxer> muxer_;
  AVStream* stream_ = nullptr;
  std::unique_ptr<SwsContext, FreeScaler> scaler_;
  Frame picture_;
  Packet packet_;
  Pixels padded_;  // only for odd sizes
  int64_t frame_ = 0;
};

Error VideoSink::failure(int code) const {
  if (cancelled()) return Error{"error.export_cancelled", "", {}};
  if (code == AVERROR(ENOSPC) || code == AVERROR(EFBIG) || code == AVERROR(EDQUOT)) {
    return Error{"error.disk_full", "output", {target_}};
  }
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  if (code == AVERROR(EIO) || code == AVERROR(EACCES) || code == AVERROR(EPERM)) {
    return Error{"error.target_unwritable", "output", {target_, reason_of(AVUNERROR(code))}};
  }
  return Error{"error.export_encoder", "", {kind_.name, text}};
}

Result<void> VideoSink::open_codec() {
  const AVCodec* encoder = avcodec_find_encoder_by_name(kind_.encoder);
  if (encoder == nullptr) return Error{"error.export_encoder", "", {kind_.name, kind_.encoder}};
  codec_.reset(avcodec_alloc_context3(encoder));
  if (!codec_) return failure(AVERROR(ENOMEM));
  codec_->width = kind_.webm ? format_.width : even(format_.width);
  codec_->height = kind_.webm ? format_.height : even(format_.height);
  codec_->time_base = {1, format_.fps};
  codec_->framerate = {format_.fps, 1};
  codec_->sample_aspect_ratio = {1, 1};
  codec_->pix_fmt = format_.chroma444     ? AV_PIX_FMT_YUV444P
                    : format_.transparent ? AV_PIX_FMT_YUVA420P
                                          : AV_PIX_FMT_YUV420P;
  codec_->color_range = AVCOL_RANGE_MPEG;
  codec_->colorspace = AVCOL_SPC_BT709;
  codec_->color_primaries = AVCOL_PRI_BT709;
  codec_->color_trc = AVCOL_TRC_BT709;
  codec_->chroma_sample_location = AVCHROMA_LOC_LEFT;
  codec_->thread_count = kEncoderThreads;
  codec_->gop_size = format_.fps * kKeySeconds;
  codec_->flags |= AV_CODEC_FLAG_BITEXACT;
  if (muxer_->oformat->flags & AVFMT_GLOBALHEADER) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  kind_.tune(*codec_);
  if (const int code = avcodec_open2(codec_.get(), encoder, nullptr); code < 0) return failure(code);
  return {};
}

Result<void> VideoSink::open_scaler() {
  // Converts at the same size; RGB is full range, video is limited range, both under BT.709's matrix.
  scaler_.reset(sws_alloc_context());
  if (!scaler_) return failure(AVERROR(ENOMEM));
  SwsContext* s = scaler_.get();
  av_opt_set_int(s, "srcw", codec_->width, 0);
  av_opt_set_int(s, "srch", codec_->height, 0);
  av_opt_set_int(s, "dstw", codec_->width, 0);
  av_opt_set_int(s, "dsth", codec_->height, 0);
  av_opt_set_int(s, "src_format", format_.transparent ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB0, 0);
  av_opt_set_int(s, "dst_format", codec_->pix_fmt, 0);
  av_opt_set_int(s, "sws_flags", SWS_AREA | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INP | SWS_FULL_CHR_H_INT,
                 0);
  if (!format_.chroma444) {
    av_opt_set_int(s, "dst_h_chr_pos", 0, 0);  // where AVCHROMA_LOC_LEFT says
    av_opt_set_int(s, "dst_v_chr_pos", 128, 0);
  }
  const int* matrix = sws_getCoefficients(SWS_CS_ITU709);
  sws_setColorspaceDetails(s, matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
  if (const int code = sws_init_context(s, nullptr, nullptr); code < 0) return failure(code);
  return {};
}

Result<void> VideoSink::begin() {
  av_log_set_level(AV_LOG_QUIET);  // errors are one line of ours
  // "file:" because a colon in the name would be read as a protocol
  const std::string url = "file:" + file_.temporary_path();
  AVFormatContext* muxer = nullptr;
  if (const int code = avformat_alloc_output_context2(&muxer, nullptr, kind_.muxer, url.c_str()); code < 0) {
    return failure(code);
  }
  muxer_.reset(muxer);
  muxer->flags |= AVFMT_FLAG_BITEXACT;                // no version of the library, no date
  muxer->interrupt_callback = {asked_to_stop, this};  // moving the index to the front reads and writes the whole file
  if (auto opened = open_codec(); !opened) return opened;
  if (auto opened = open_scaler(); !opened) return opened;

  stream_ = avformat_new_stream(muxer, nullptr);
  if (stream_ == nullptr) return failure(AVERROR(ENOMEM));
  stream_->time_base = codec_->time_base;
  stream_->avg_frame_rate = codec_->framerate;
  if (const int code = avcodec_parameters_from_context(stream_->codecpar, codec_.get()); code < 0) return failure(code);
  const auto tag = [&](const char* key, const std::string& words) {
    if (!words.empty()) av_dict_set(&muxer->metadata, key, words.c_str(), 0);
  };
  tag("title", format_.title);
  tag("comment", format_.description);
  // MP4's own tags are few: there the session is in an XMP packet, see finish()
  if (kind_.webm) tag(kMatroskaTag, format_.session);

  picture_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  if (!picture_ || !packet_) return failure(AVERROR(ENOMEM));
  picture_->format = codec_->pix_fmt;
  picture_->width = codec_->width;
  picture_->height = codec_->height;
  picture_->color_range = codec_->color_range;
  picture_->colorspace = codec_->colorspace;
  picture_->color_primaries = codec_->color_primaries;
  picture_->color_trc = codec_->color_trc;
  picture_->chroma_location = codec_->chroma_sample_location;
  if (const int code = av_frame_get_buffer(picture_.get(), 0); code < 0) return failure(code);

  if (const int code = avio_open2(&muxer->pb, url.c_str(), AVIO_FLAG_WRITE, &muxer->interrupt_callback, nullptr);
      code < 0)
    return failure(code);
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "+faststart", 0);  // of MP4; others do not know it
  const int code = avformat_write_header(muxer, &options);
  av_dict_free(&options);
  if (code < 0) return failure(code);
  return {};
}

Result<void> VideoSink::convert(const Pixels& frame) {
  if (const int code = av_frame_make_writable(picture_.get()); code < 0) return failure(code);
  const Pixels* source = &frame;
  if (codec_->width != frame.width || codec_->height != frame.height) {
    // Odd sizes: the outermost pixels, which lie in the margin, are canvas; they are drawn out by one.
    padded_.width = codec_->width;
    padded_.height = codec_->height;
    padded_.rgba.resize(static_cast<size_t>(padded_.width) * static_cast<size_t>(padded_.height) * 4);
    const size_t from_row = static_cast<size_t>(frame.width) * 4, to_row = static_cast<size_t>(padded_.width) * 4;
    for (int y = 0; y < padded_.height; ++y) {
      const uint8_t* from = frame.rgba.data() + static_cast<size_t>(std::min(y, frame.height - 1)) * from_row;
      uint8_t* to = padded_.rgba.data() + static_cast<size_t>(y) * to_row;
      std::memcpy(to, from, from_row);
      if (to_row > from_row) std::memcpy(to + from_row, from + from_row - 4, 4);
    }
    source = &padded_;
  }
  const uint8_t* planes[] = {source->rgba.data(), nullptr, nullptr, nullptr};
  const int strides[] = {4 * source->width, 0, 0, 0};
  sws_scale(scaler_.get(), planes, strides, 0, source->height, picture_->data, picture_->linesize);
  return {};
}

Result<void> VideoSink::encode(const AVFrame* frame) {
  int code = avcodec_send_frame(codec_.get(), frame);
  while (code >= 0) {
    if (cancelled()) return failure(AVERROR_EXIT);
    code = avcodec_receive_packet(codec_.get(), packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
    if (code < 0) break;
    packet_->stream_index = stream_->index;
    packet_->duration = 1;
    av_packet_rescale_ts(packet_.get(), codec_->time_base, stream_->time_base);
    code = av_interleaved_write_frame(muxer_.get(), packet_.get());
    if (code >= 0) code = muxer_->pb->error;
  }
  return failure(code);
}

Result<void> VideoSink::add(const Pixels& frame, int repeat) {
  if (auto converted = convert(frame); !converted) return converted;
  // The end is at full rate again: the muxer takes the length of a clip from its last pictures in coding order.
  const int64_t end = frame_ + repeat, second = format_.fps;
  const int64_t sparse_from = frame_ + kFullRateSeconds * second, sparse_to = end - std::max(second, kReordered);
  for (int64_t seconds = 0; frame_ < end;) {
    const bool sparse = frame_ >= sparse_from && frame_ < sparse_to;
    const int64_t length = sparse ? std::min(second, sparse_to - frame_) : 1;
    // the encoder counts pictures up to its next key frame, lecturers seconds
    const bool is_key = sparse && seconds++ % kKeySeconds == 0;
    picture_->pts = frame_;
    picture_->pict_type = is_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    if (auto encoded = encode(picture_.get()); !encoded) return encoded;
    frame_ += length;
    wrote(length);
  }
  return {};
}

Result<void> VideoSink::finish() {
  if (auto flushed = encode(nullptr); !flushed) return flushed;
  if (const int code = av_write_trailer(muxer_.get()); code < 0) return failure(code);
  if (const int code = avio_closep(&muxer_->pb); code < 0) return failure(code);
  muxer_.reset();
  if (!kind_.webm && !format_.session.empty()) {
    if (auto written = append_xmp(); !written) return written;
  }
  return file_.commit();
}

Result<void> VideoSink::append_xmp() {
  const std::string packet = xmp_packet(format_.title, format_.description, format_.session);
  std::string box;
  const size_t size = 8 + kXmpBox.size() + packet.size();
  for (const int shift : {24, 16, 8, 0}) box += static_cast<char>(static_cast<uint8_t>(size >> shift));
  box.append("uuid").append(kXmpBox).append(packet);
  std::error_code failed;
  const uint64_t end = std::filesystem::file_size(file_.temporary_path(), failed);
  if (failed) return Error{"error.target_unwritable", "output", {target_, reason_of(failed.value())}};
  return file_.write_at(end, box.data(), box.size());
}

}  // namespace

}  // namespace convscope

void convscope_open_video_sink(convscope::VideoKind kind, const std::string& target,
                               const convscope::ClipFormat& format, convscope::OpenedSink& sink) {
  auto file = convscope::AtomicFile::create(target);
  if (!file) {
    sink.emplace(file.error());
  } else {
    sink.emplace(std::make_unique<convscope::VideoSink>(kind, std::move(file).value(), target, format));
  }
}
