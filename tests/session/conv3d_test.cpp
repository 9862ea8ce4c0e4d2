// Sessions of conv3d: files with a depth, numbers of the engine's own conv3d, changes from and to it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "app/session/computation.h"
#include "app/session/layer_code.h"
#include "app/session/named_kernels.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/share_text.h"
#include "engine/conv_nd.h"

namespace convscope {
namespace {

Session session_of(const std::string& json) {
  Result<Session> session = session_from_json(json);
  EXPECT_TRUE(session.ok()) << (session ? "" : describe(Language::en, session.error()));
  return session ? *session : Session{};
}

std::string file(const std::string& params, const std::string& shape) {
  return R"({"format": "convscope-session", "version": 1, "operation": "conv3d", "seed": 3, "params": {)" + params +
         R"(}, "input": {"source": "randn", "shape": )" + shape +
         R"(}, "weight": {"source": "randn"}, "bias": {"source": "randn"}})";
}

ComputationPtr computed(const Session& session) {
  TensorCache cache;
  const Result<ComputationPtr> done = compute(session, cache);
  EXPECT_TRUE(done.ok()) << (done ? "" : describe(Language::en, done.error()));
  return done ? *done : nullptr;
}

TEST(Conv3dSession, computes_what_the_engines_conv3d_computes) {
  struct Case {
    const char *params, *shape;
    Shape output;
  };
  const Case cases[] = {
      {R"("kernel_size": 3)", "[1, 1, 5, 6, 7]", {1, 1, 3, 4, 5}},
      {R"("kernel_size": [3, 1, 2], "stride": [1, 2, 1], "padding": [1, 0, 2])", "[2, 1, 4, 5, 3]", {2, 1, 4, 3, 6}},
      {R"("in_channels": 4, "out_channels": 6, "groups": 2, "kernel_size": [2, 3, 3], "padding": "same")",
       "[1, 4, 3, 5, 4]",
       {1, 6, 3, 5, 4}},
      {R"("in_channels": 2, "kernel_size": 2, "pads": [2, 0, 1, 0, 1, 0], "bias": false)",
       "[2, 3, 4, 4]",
       {1, 4, 4, 4}},
      {R"("kernel_size": 2, "padding": 1, "padding_mode": "circular", "dtype": "float64")",
       "[1, 1, 3, 3, 3]",
       {1, 1, 4, 4, 4}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.params);
    const Session session = session_of(file(one.params, one.shape));
    const ComputationPtr done = computed(session);
    ASSERT_NE(done, nullptr);
    EXPECT_EQ(done->plan.dims(), 3);
    ASSERT_NE(done->plan.volume(), nullptr);
    EXPECT_EQ(done->plan.output_shape(), one.output);
    const Result<Tensor> wanted = conv_nd(*done->plan.volume(), done->tensors.input, done->tensors.weight,
                                          done->tensors.bias, {Algorithm::naive});
    ASSERT_TRUE(wanted.ok());
    for (int64_t i = 0; i < wanted->numel(); ++i) {
      EXPECT_NEAR(wanted->at(i), done->tensors.output.at(i), 1e-5) << i;
    }
    EXPECT_EQ(session_of(session_to_json(session)), session);
  }
}

TEST(Conv3dSession, files_and_texts_have_three_numbers_and_come_back_equal) {
  for (const char* name : {"conv3d_basics", "conv3d_padding", "conv3d_temporal", "conv3d_channels"}) {
    SCOPED_TRACE(name);
    const Preset* known = find_preset(name);
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->lenses, (std::vector<Lens>{Lens::slices, Lens::receptive_field}));
    const std::string text = session_to_json(known->session);
    const nlohmann::json json = nlohmann::json::parse(text);
    EXPECT_EQ(json["input"]["shape"].size(), 5u);
    EXPECT_EQ(json["params"]["kernel_size"].size(), 3u);
    EXPECT_EQ(session_of(text), known->session);
    const Result<std::string> shared = share_text(known->session);
    ASSERT_TRUE(shared.ok());
    const Result<Session> opened = session_from_share_text(*shared);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(computed(*opened)->plan, computed(known->session)->plan);
    const Result<LayerCall> call =
        parse_layer(constructor_text(LayerCall{"conv3d", known->session.params, known->session.more}));
    ASSERT_TRUE(call.ok());
    EXPECT_EQ(call->params, known->session.params);
    EXPECT_EQ(call->more.depth, known->session.more.depth);
  }
}

TEST(Conv3dSession, what_is_illegal_is_refused_at_its_argument_in_pytorchs_words) {
  struct Case {
    const char *params, *shape, *code, *field;
  };
  const Case cases[] = {
      {R"("kernel_size": [5, 1, 1])", "[1, 1, 4, 4, 4]", "error.kernel_larger_than_input", "kernel_size"},
      {R"("kernel_size": [2, 0, 2])", "[1, 1, 4, 4, 4]", "error.kernel_size_not_positive", "kernel_size"},
      {R"("stride": [0, 1, 1])", "[1, 1, 4, 4, 4]", "error.stride_not_positive", "stride"},
      {R"("padding": [-1, 0, 0])", "[1, 1, 4, 4, 4]", "error.padding_negative", "padding"},
      {R"("padding": "same", "stride": [2, 1, 1])", "[1, 1, 4, 4, 4]", "error.same_needs_stride_1", "padding"},
      {R"("padding": [4, 0, 0], "padding_mode": "reflect")", "[1, 1, 4, 4, 4]", "error.reflect_padding_too_large",
       "padding"},
      {R"("in_channels": 3, "groups": 2)", "[1, 3, 4, 4, 4]", "error.in_channels_not_divisible", "groups"},
      {R"("kernel_size": 2)", "[1, 1, 5]", "error.input_rank", "input"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.params);
    TensorCache cache;
    const Result<OperationPlan> plan = plan_of(session_of(file(one.params, one.shape)), cache);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code, one.code);
    EXPECT_EQ(plan.error().field, one.field);
    EXPECT_FALSE(describe(Language::zh, plan.error()).empty());
  }
  EXPECT_FALSE(session_from_json(file(R"("kernel_size": [3, 3])", "[1, 1, 5, 5, 5]")).ok());
  EXPECT_FALSE(session_from_json(file(R"("pads": [1, 0, 1, 0])", "[1, 1, 5, 5, 5]")).ok());
  Session picture = session_of(file(R"("kernel_size": 2)", "[1, 1, 5, 5, 5]"));
  picture.input.kind = SourceKind::sample;
  TensorCache cache;
  EXPECT_EQ(plan_of(picture, cache).error().code, "error.picture_no_volume");
}

TEST(Conv3dSession, every_other_preset_gets_a_depth_and_gives_it_back) {
  for (const Preset& known : presets()) {
    const std::string& operation = known.session.operation;
    if (operation == "conv3d" || known.session.input_shape[known.session.input_shape.rank() - 1] > 400) continue;
    SCOPED_TRACE(known.name);
    Session session = known.session;
    ASSERT_TRUE(change_operation(session, "conv3d").ok());
    EXPECT_TRUE(lens_shows(session.lens, OperationFamily::conv, 3));
    TensorCache cache;
    const Result<OperationPlan> plan = plan_of(session, cache);
    // A window may be larger than a small input: that is for the user to decide.
    if (!plan && plan.error().code == "error.kernel_larger_than_input") continue;
    const ComputationPtr done = computed(session);
    ASSERT_NE(done, nullptr);
    ASSERT_NE(done->plan.volume(), nullptr);
    EXPECT_EQ(session_of(session_to_json(session)).more.depth, session.more.depth);
    for (const char* next : {"conv2d", "conv1d", "max_pool2d"}) {
      Session flat = session;
      ASSERT_TRUE(change_operation(flat, next).ok());
      EXPECT_EQ(flat.input_shape.rank(), known.session.input_shape.rank());
      EXPECT_EQ(flat.more.depth, DepthParams{});
      EXPECT_NE(computed(flat), nullptr) << next;
    }
  }
}

TEST(Conv3dSession, layers_are_read_from_code) {
  const Result<LayerCall> call =
      parse_layer("nn.Conv3d(3, 8, (3, 1, 2), stride=(1, 2, 2), padding=1, dilation=(2, 1, 1))");
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->operation, "conv3d");
  EXPECT_EQ(call->params.kernel_size, (Pair{1, 2}));
  EXPECT_EQ(call->more.depth, (DepthParams{3, 1, 1, 2, 0, 0}));
  EXPECT_EQ(constructor_text(*call),
            "Conv3d(3, 8, kernel_size=(3, 1, 2), stride=(1, 2, 2), padding=1, dilation=(2, 1, 1))");
  const Result<LayerCall> ends = parse_layer("Conv3d(1, 1, kernel_size=2, stride=1, pads=(2, 0, 1, 0, 0, 3))");
  ASSERT_TRUE(ends.ok());
  EXPECT_EQ(ends->more.depth.front, 2);
  EXPECT_EQ(ends->params.pads, (Pads{0, 1, 0, 3}));
  EXPECT_EQ(parse_layer(constructor_text(*ends))->more, ends->more);
  EXPECT_EQ(parse_layer("Conv3d(1, 1, (3, 3))").error().code, "error.constructor_type");
  const Result<LayerCode> function =
      read_layer_code("w = torch.ones(4, 2, 3, 1, 2)\nF.conv3d(torch.randn(1, 2, 6, 5, 4), w, stride=2)", Session());
  ASSERT_TRUE(function.ok());
  EXPECT_EQ(function->call.more.depth.kernel_size, 3);
  EXPECT_EQ(function->call.params.kernel_size, (Pair{1, 2}));
  EXPECT_EQ(*function->input_shape, (Shape{1, 2, 6, 5, 4}));
  EXPECT_NE(computed(session_of(*function)), nullptr);
  const Result<Session> opened = open_session("nn.Conv3d(3, 8, 5, padding='same')");
  ASSERT_TRUE(opened.ok());
  EXPECT_NE(computed(*opened), nullptr);
}

TEST(Conv3dSession, named_kernels_have_a_depth_by_a_stated_rule) {
  ConvParams params;
  params.kernel_size = {3, 3};
  const auto sum_of_slice = [&](const char* name, int64_t slice) {
    const Result<Tensor> weight = named_weight(name, params, 3);
    EXPECT_TRUE(weight.ok());
    EXPECT_EQ(weight->shape(), (Shape{1, 1, 3, 3, 3}));
    double sum = 0;
    for (int64_t i = 0; i < 9; ++i) sum += weight->at(slice * 9 + i);
    return sum;
  };
  for (const auto& [name, outer, middle] :
       {std::tuple("ones", 9.0, 9.0), {"box", 1.0 / 3, 1.0 / 3}, {"gaussian", 0.25, 0.5}, {"identity", 0.0, 1.0}}) {
    EXPECT_NEAR(sum_of_slice(name, 0), outer, 1e-6) << name;
    EXPECT_NEAR(sum_of_slice(name, 1), middle, 1e-6) << name;
    EXPECT_NEAR(sum_of_slice(name, 2), outer, 1e-6) << name;
  }
}

TEST(Conv3dSession, its_own_layer_is_a_chain_over_three_axes) {
  const ComputationPtr done = computed(find_preset("conv3d_padding")->session);
  ASSERT_NE(done, nullptr);
  ASSERT_NE(done->plan.chain(), nullptr);
  EXPECT_EQ(done->plan.chain()->chain.dims, 3);
  EXPECT_EQ(step_count(done->plan, Lens::receptive_field), 3 * 4 * 4);
}

}  // namespace
}  // namespace convscope
