#include "scoreboard.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace convscope::bench {

namespace {

bool is_peer(std::string_view impl) { return !impl.starts_with("convscope-"); }

template <class... Args>
std::string text(const char* format, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, args...);
  return buffer;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Scores::ratio(size_t contender) const {
  std::vector<double> ratios;
  for (size_t round = 0; round < seconds[0].size(); ++round) {
    ratios.push_back(seconds[contender][round] / seconds[0][round]);
  }
  return median(ratios);
}

double Scores::part_of_peak(size_t contender) const {
  if (contender >= peaks.size()) return 0;
  std::vector<double> parts;
  for (size_t round = 0; round < std::min(peaks[contender].size(), seconds[contender].size()); ++round) {
    parts.push_back(flops / seconds[contender][round] / peaks[contender][round]);
  }
  return median(parts);
}

double Scores::ratio_of_best_peer() const {
  std::vector<double> ratios;
  for (size_t round = 0; round < seconds[0].size(); ++round) {
    std::optional<double> best;
    for (size_t i = 1; i < impls.size(); ++i) {
      if (is_peer(impls[i])) best = std::min(best.value_or(seconds[i][round]), seconds[i][round]);
    }
    if (best) ratios.push_back(*best / seconds[0][round]);
  }
  return median(ratios);
}

std::string Scores::best_peer() const {
  std::string best;
  double least = 0;
  for (size_t i = 1; i < impls.size(); ++i) {
    if (!is_peer(impls[i])) continue;
    const double time = median(seconds[i]);
    if (best.empty() || time < least) {
      best = impls[i];
      least = time;
    }
  }
  return best;
}

std::string line_of(const Scores& s) {
  const double engine = median(s.seconds[0]);
  std::string line = text("%-24s %dT  %s %.4f ms %.1f GFLOP/s %.0f%%", s.shape.c_str(), s.threads, s.impls[0].c_str(),
                          engine * 1e3, s.flops / engine / 1e9, 100 * s.part_of_peak(0));
  for (size_t i = 1; i < s.impls.size(); ++i) {
    line += text(" | %s %.4f x%.2f", s.impls[i].c_str(), median(s.seconds[i]) * 1e3, s.ratio(i));
  }
  if (const std::string best = s.best_peer(); !best.empty()) {
    line += text(" | best peer / engine %.2f", s.ratio_of_best_peer());
  }
  return line + "\n";
}

std::string csv_head() { return "name,impl,threads,median_ms,gflops,part_of_peak,ratio,rounds,clock,cpu,date\n"; }

std::string csv_lines(const Scores& s, const std::string& about) {
  std::string lines;
  for (size_t i = 0; i < s.impls.size(); ++i) {
    const double time = median(s.seconds[i]);
    lines += s.shape + "," + s.impls[i] + "," +
             text("%d,%.6g,%.6g,%.4f,%.4f,%zu,", s.threads, time * 1e3, s.flops / time / 1e9, s.part_of_peak(i),
                  s.ratio(i), s.seconds[i].size()) +
             about + "\n";
  }
  return lines;
}

namespace {

/// Of numbers of any size.
class GeometricMean {
 public:
  void add(double number) {
    if (!(number > 0)) return;
    logs_ += std::log(number);
    ++count_;
  }
  int count() const { return count_; }
  double value() const { return count_ > 0 ? std::exp(logs_ / count_) : 0; }

 private:
  double logs_ = 0;
  int count_ = 0;
};

struct KindMeans {
  int shapes = 0;
  GeometricMean ratio;
  std::map<std::string, std::pair<GeometricMean, GeometricMean>> engine;  // operations a second, part of the peak
};

std::string summary_of_kinds(const std::vector<Scores>& all) {
  std::map<std::pair<int, std::string>, KindMeans> kinds;
  for (const Scores& s : all) {
    KindMeans& kind = kinds[{s.threads, s.kind}];
    ++kind.shapes;
    kind.ratio.add(s.ratio_of_best_peer());
    for (size_t i = 0; i < s.impls.size(); ++i) {
      if (is_peer(s.impls[i])) continue;
      kind.engine[s.impls[i]].first.add(s.flops / median(s.seconds[i]));
      kind.engine[s.impls[i]].second.add(s.part_of_peak(i));
    }
  }
  std::string summary;
  for (const auto& [key, kind] : kinds) {
    summary += text("%d thread(s), %-22s %2d shapes", key.first, key.second.c_str(), kind.shapes);
    if (kind.ratio.count() > 0) summary += text(" | best peer / engine %.2f", kind.ratio.value());
    for (const auto& [impl, means] : kind.engine) {
      summary += text(" | %s %.1f GFLOP/s %.0f%%", impl.c_str(), means.first.value() / 1e9, 100 * means.second.value());
    }
    summary += "\n";
  }
  return summary;
}

}  // namespace

std::string summary_of(const std::vector<Scores>& all) {
  std::map<int, GeometricMean> ratios;
  std::map<int, std::string> behind;
  for (const Scores& s : all) {
    const double ratio = s.ratio_of_best_peer();
    if (ratio <= 0) continue;
    ratios[s.threads].add(ratio);
    if (ratio < 0.95) behind[s.threads] += text(" %s (%.2f, %s)", s.shape.c_str(), ratio, s.best_peer().c_str());
  }
  std::string summary = summary_of_kinds(all);
  for (const auto& [threads, mean] : ratios) {
    summary += text("%d thread(s): geometric mean of best peer / engine %.3f over %d shapes", threads, mean.value(),
                    mean.count());
    summary += behind[threads].empty() ? "; none below 0.95\n" : "; below 0.95:" + behind[threads] + "\n";
  }
  return summary;
}

}  // namespace convscope::bench
