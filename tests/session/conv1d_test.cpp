// Sessions of conv1d: files without a height, numbers of the engine's own conv1d, changes from and to it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "app/session/chains.h"
#include "app/session/computation.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/torch_script.h"
#include "engine/conv_nd.h"

namespace convscope {
namespace {

Session session_of(const std::string& json) {
  Result<Session> session = session_from_json(json);
  EXPECT_TRUE(session.ok()) << (session ? "" : describe(Language::en, session.error()));
  return session ? *session : Session{};
}

std::string file(const std::string& params, const std::string& shape) {
  return R"({"format": "convscope-session", "version": 1, "operation": "conv1d", "seed": 3, "params": {)" + params +
         R"(}, "input": {"source": "randn", "shape": )" + shape +
         R"(}, "weight": {"source": "randn"}, "bias": {"source": "randn"}})";
}

ComputationPtr computed(const Session& session) {
  TensorCache cache;
  const Result<ComputationPtr> done = compute(session, cache);
  EXPECT_TRUE(done.ok()) << (done ? "" : describe(Language::en, done.error()));
  return done ? *done : nullptr;
}

TEST(Conv1dSession, computes_what_the_engines_conv1d_computes) {
  struct Case {
    const char *params, *shape;
    Shape output;
  };
  const Case cases[] = {
      {R"("kernel_size": 3)", "[1, 1, 9]", {1, 1, 7}},
      {R"("kernel_size": [2], "stride": [2], "padding": 1)", "[2, 1, 9]", {2, 1, 5}},
      {R"("in_channels": 4, "out_channels": 6, "groups": 2, "kernel_size": 3, "dilation": 2, "padding": "same")",
       "[1, 4, 11]",
       {1, 6, 11}},
      {R"("in_channels": 2, "kernel_size": 2, "dilation": 4, "pads": [4, 0], "bias": false)", "[1, 2, 10]", {1, 1, 10}},
      {R"("kernel_size": 3, "padding": 2, "padding_mode": "circular")", "[1, 6]", {1, 8}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.params);
    const Session session = session_of(file(one.params, one.shape));
    const ComputationPtr done = computed(session);
    ASSERT_NE(done, nullptr);
    const OperationPlan& plan = done->plan;
    EXPECT_EQ(plan.dims(), 1);
    EXPECT_EQ(plan.shown(plan.output_shape()), one.output);
    ConvNdParams params = ConvNdParams::of(1);
    const ConvParams& p = session.params;
    params.in_channels = p.in_channels;
    params.out_channels = p.out_channels;
    params.groups = p.groups;
    params.bias = p.bias;
    params.kernel_size = {p.kernel_size.w};
    params.stride = {p.stride.w};
    params.dilation = {p.dilation.w};
    params.padding_mode = p.padding_mode;
    params.padding.kind = p.padding_kind;
    params.padding.both = {p.padding.w};
    params.padding.begin = {p.pads.left};
    params.padding.end = {p.pads.right};
    const Result<ConvNdPlan> direct = validate(params, plan.shown(plan.input_shape()));
    ASSERT_TRUE(direct.ok());
    const Result<Tensor> wanted = conv_nd(*direct, plan.shown(done->tensors.input), plan.shown(done->tensors.weight),
                                          done->tensors.bias, {Algorithm::naive});
    ASSERT_TRUE(wanted.ok());
    EXPECT_EQ(wanted->shape(), one.output);
    for (int64_t i = 0; i < wanted->numel(); ++i) {
      EXPECT_NEAR(wanted->at(i), done->tensors.output.at(i), 1e-5) << i;
    }
  }
}

TEST(Conv1dSession, files_say_one_number_where_there_is_one_axis_and_come_back_equal) {
  for (const char* name : {"conv1d_basics", "conv1d_causal", "conv1d_channels", "receptive_field_causal"}) {
    const Preset* known = find_preset(name);
    ASSERT_NE(known, nullptr) << name;
    const std::string text = session_to_json(known->session);
    const nlohmann::json json = nlohmann::json::parse(text);
    EXPECT_EQ(json["input"]["shape"].size(), 3u) << name;
    EXPECT_EQ(json["params"]["kernel_size"].size(), 1u) << name;
    EXPECT_EQ(session_of(text), known->session) << name;
  }
}

TEST(Conv1dSession, refuses_what_is_no_sequence_in_conv1ds_own_words) {
  TensorCache cache;
  const Result<OperationPlan> picture = plan_of(session_of(file(R"("kernel_size": 3)", "[1, 1, 5, 5]")), cache);
  ASSERT_FALSE(picture.ok());
  EXPECT_THAT(describe(Language::en, picture.error()), testing::HasSubstr("conv1d"));
  const Result<OperationPlan> small = plan_of(session_of(file(R"("kernel_size": 7)", "[1, 1, 5]")), cache);
  ASSERT_FALSE(small.ok());
  EXPECT_EQ(small.error().code, "error.kernel_larger_than_input");
  EXPECT_THAT(describe(Language::en, small.error()), testing::Not(testing::HasSubstr("1 x 5")));
  EXPECT_FALSE(session_from_json(file(R"("kernel_size": [3, 3])", "[1, 1, 5]")).ok());
  EXPECT_FALSE(session_from_json(file(R"("pads": [1, 0, 1, 0])", "[1, 1, 5]")).ok());
}

TEST(Conv1dSession, a_picture_becomes_its_first_rows_and_stays_legal_on_the_way_back) {
  for (const char* name : {"tutorial_5_3", "padding_strides", "rgb", "resnet_stem", "numerical_average_pooling"}) {
    const Preset* known = find_preset(name);
    ASSERT_NE(known, nullptr) << name;
    Session session = known->session;
    ASSERT_TRUE(change_operation(session, "conv1d").ok());
    EXPECT_TRUE(lens_shows(session.lens, OperationFamily::conv, 1)) << name;
    ComputationPtr done = computed(session);
    ASSERT_NE(done, nullptr) << name;
    EXPECT_EQ(done->plan.out().h, 1);
    ASSERT_TRUE(change_operation(session, "conv2d").ok());
    done = computed(session);
    ASSERT_NE(done, nullptr) << name;
    EXPECT_EQ(done->plan.dims(), 2);
  }
}

TEST(Conv1dSession, its_own_layer_is_a_chain_over_one_axis) {
  const Session session = session_of(file(R"("kernel_size": 3, "dilation": 2, "pads": [4, 0])", "[1, 1, 12]"));
  const ComputationPtr done = computed(session);
  ASSERT_NE(done, nullptr);
  ASSERT_NE(done->plan.chain(), nullptr);
  EXPECT_EQ(done->plan.chain()->chain.dims, 1);
  EXPECT_EQ(step_count(done->plan, Lens::receptive_field), 12);
}

TEST(Conv1dSession, its_script_calls_pytorchs_conv1d) {
  const Session session = find_preset("conv1d_causal")->session;
  const ComputationPtr done = computed(session);
  ASSERT_NE(done, nullptr);
  const Result<std::string> script = torch_script(session, *done);
  ASSERT_TRUE(script.ok());
  EXPECT_THAT(*script, testing::HasSubstr(".reshape((1, 1, 10))"));
  EXPECT_THAT(*script, testing::HasSubstr("F.pad(x, (4, 0), mode=\"constant\")"));
  EXPECT_THAT(*script, testing::HasSubstr("F.conv1d(x, w, None, stride=1, padding=0, dilation=2, groups=1)"));
}

}  // namespace
}  // namespace convscope
