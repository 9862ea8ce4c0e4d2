// Sessions of conv1d, transposed convolution and pooling: files, numbers as PyTorch's, steps and lenses.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/session/computation.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/workbench.h"
#include "engine/pool_trace.h"

namespace convscope {
namespace {

Session preset(const char* name) {
  const Preset* found = find_preset(name);
  EXPECT_NE(found, nullptr) << name;
  return found != nullptr ? found->session : Session{};
}

ComputationPtr computed(const Session& session) {
  TensorCache cache;
  const Result<ComputationPtr> done = compute(session, cache);
  EXPECT_TRUE(done.ok()) << (done ? "" : describe(Language::en, done.error()));
  return done ? *done : nullptr;
}

TEST(ShownOperations, presets_compute_what_pytorch_computes) {
  std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/shown_cases.json");
  const nlohmann::json reference = nlohmann::json::parse(file);
  size_t of_other_operations = 0;
  for (const Preset& known : presets()) of_other_operations += known.session.operation == "conv2d" ? 0 : 1;
  EXPECT_EQ(reference["cases"].size(), of_other_operations) << "make_shown_cases.py writes them";
  for (const nlohmann::json& wanted : reference["cases"]) {
    const std::string name = wanted["preset"];
    SCOPED_TRACE(name);
    const ComputationPtr done = computed(preset(name.c_str()));
    ASSERT_NE(done, nullptr);
    const Shape shape = done->plan.shown(done->tensors.output.shape());
    ASSERT_EQ(static_cast<size_t>(shape.rank()), wanted["shape"].size());
    for (int axis = 0; axis < shape.rank(); ++axis) {
      EXPECT_EQ(shape[axis], wanted["shape"][static_cast<size_t>(axis)].get<int64_t>());
    }
    ASSERT_EQ(static_cast<size_t>(done->tensors.output.numel()), wanted["output"].size());
    for (size_t i = 0; i < wanted["output"].size(); ++i) {
      EXPECT_NEAR(done->tensors.output.at(static_cast<int64_t>(i)), wanted["output"][i].get<double>(), 1e-5) << i;
    }
    if (!wanted.contains("indices")) continue;
    const PoolPlan& plan = *done->plan.pool();
    PoolArithmetic a;
    for (size_t i = 0; i < wanted["indices"].size(); ++i) {
      pool_arithmetic(plan, done->tensors.input, pool_cell_of_step(plan, static_cast<int64_t>(i)), a);
      const PoolTap& winner = a.taps[static_cast<size_t>(a.winner)];
      EXPECT_EQ(winner.y * plan.windows.width().extent + winner.x, wanted["indices"][i].get<int64_t>()) << i;
    }
  }
}

TEST(ShownOperations, files_keep_every_argument) {
  for (std::string_view operation : shown_operations()) {
    Session session;
    session.operation = operation;
    session.lens = fitting_lens(*shown_family(operation), Lens::sliding, shown_dims(operation));
    session.params.kernel_size = {3, 2};
    session.params.stride = {2, 3};
    if (operation == "conv_transpose2d") session.more.output_padding = {1, 2};
    if (operation == "conv1d") {
      session.params.kernel_size.h = session.params.stride.h = 1;
      session.input_shape = {1, 1, 1, 5};
    }
    if (operation == "conv3d") {
      session.more.depth = {2, 3, 1, 2, 0, 0};
      session.input_shape = {1, 1, 7, 5, 6};
    }
    const bool pools = operation == "max_pool2d" || operation == "avg_pool2d";
    if (pools) session.more.ceil_mode = true;
    if (operation == "avg_pool2d") {
      session.more.count_include_pad = false;
      session.more.divisor_override = 5;
    }
    const std::string text = session_to_json(session);
    const Result<Session> read = session_from_json(text);
    ASSERT_TRUE(read.ok()) << operation;
    EXPECT_EQ(*read, session) << operation;
    EXPECT_EQ(session_to_json(*read), text);
  }
}

TEST(ShownOperations, pads_are_kept_where_the_operation_takes_them) {
  for (std::string_view operation : {"conv_transpose2d", "max_pool2d", "avg_pool2d"}) {
    Session session;
    session.params.padding_kind = PaddingKind::pads;
    session.params.pads = {0, 1, 2, 0};
    ASSERT_TRUE(change_operation(session, operation));
    EXPECT_EQ(session.params.padding_kind, PaddingKind::pads) << operation;
    EXPECT_EQ(session.params.pads, (Pads{0, 1, 2, 0})) << operation;
    const ComputationPtr done = computed(session);
    ASSERT_NE(done, nullptr) << operation;
    EXPECT_EQ(done->plan.pads(), (Pads{0, 1, 2, 0})) << operation;
    ASSERT_TRUE(change_operation(session, "conv2d"));
    EXPECT_EQ(session.params.pads, (Pads{0, 1, 2, 0})) << operation;
    const Result<Session> read = session_from_json(session_to_json(session));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->params.pads, session.params.pads);
  }
  Session wide;
  wide.params.padding_kind = PaddingKind::pads;
  wide.params.pads = {5, 1, 0, 7};
  ASSERT_TRUE(change_operation(wide, "avg_pool2d"));
  EXPECT_EQ(wide.params.pads, (Pads{2, 1, 0, 2})) << "each window has a cell of the input";
  EXPECT_NE(computed(wide), nullptr);
  Session same;
  same.params.padding_kind = PaddingKind::same;
  ASSERT_TRUE(change_operation(same, "max_pool2d"));
  EXPECT_EQ(same.params.padding_kind, PaddingKind::numbers);
  EXPECT_EQ(same.params.padding, (Pair{1, 1}));
}

TEST(ShownOperations, a_file_without_them_takes_pytorchs_defaults) {
  const Result<Session> pool = session_from_json(R"({"format": "convscope-session", "version": 1,
      "operation": "avg_pool2d", "params": {"kernel_size": 3}})");
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(pool->params.stride, (Pair{3, 3})) << "the kernel's size";
  EXPECT_EQ(pool->more, MoreParams{});
  EXPECT_EQ(pool->lens, Lens::pooling);
  const Result<Session> conv = session_from_json(R"({"format": "convscope-session", "version": 1,
      "operation": "conv2d", "params": {"output_padding": 1}})");
  ASSERT_TRUE(conv.ok());
  EXPECT_EQ(conv->lens, Lens::sliding);
  EXPECT_THAT(session_to_json(*conv), testing::HasSubstr("\"output_padding\": 1")) << "unknown to conv2d, and kept";
}

TEST(ShownOperations, unknown_ones_are_refused_with_the_known_ones) {
  const Result<Session> read =
      session_from_json(R"({"format": "convscope-session", "version": 1, "operation": "conv_transpose3d"})");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, "error.unknown_operation");
  EXPECT_THAT(describe(Language::en, read.error()),
              testing::AllOf(testing::HasSubstr("conv_transpose3d"), testing::HasSubstr("conv3d,"),
                             testing::HasSubstr("avg_pool2d")));
  Session session;
  EXPECT_FALSE(change_operation(session, "unfold").ok());
  EXPECT_EQ(session, Session{});
}

TEST(ShownOperations, a_padding_mode_that_transposed_convolution_has_not_is_refused) {
  Session session = preset("padding_strides_transposed");
  session.params.padding_mode = PaddingMode::circular;
  TensorCache cache;
  const Result<OperationPlan> plan = plan_of(session, cache);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().field, "padding_mode");
}

TEST(ShownOperations, default_weights_are_those_of_the_module) {
  // torch.manual_seed(0); x = torch.randn(1, 2, 3, 3); layer = torch.nn.ConvTranspose2d(2, 3, 2)
  Session session;
  session.operation = "conv_transpose2d";
  session.params.in_channels = 2;
  session.params.out_channels = 3;
  session.params.kernel_size = {2, 2};
  session.input_shape = {1, 2, 3, 3};
  session.input.kind = SourceKind::randn;
  session.weight.kind = session.bias.kind = SourceKind::conv2d_init;
  const ComputationPtr done = computed(session);
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->tensors.weight.shape(), (Shape{2, 3, 2, 2}));
  const double bound = 1 / std::sqrt(3.0 * 4);  // fan_in counts the weight's second axis
  for (int64_t i = 0; i < done->tensors.bias.numel(); ++i) EXPECT_LE(std::abs(done->tensors.bias.at(i)), bound);
  EXPECT_NEAR(done->tensors.weight.at(0), -0.20168012, 1e-6);
  EXPECT_NEAR(done->tensors.bias.at(2), 0.13061771, 1e-6);
}

TEST(ShownOperations, changing_the_operation_leaves_legal_arguments) {
  for (const Preset& known : presets()) {
    if (known.session.input.kind == SourceKind::sample) continue;
    for (std::string_view operation : shown_operations()) {
      Session session = known.session;
      ASSERT_TRUE(change_operation(session, operation).ok());
      EXPECT_TRUE(lens_shows(session.lens, *shown_family(operation), shown_dims(operation)));
      TensorCache cache;
      const Result<OperationPlan> plan = plan_of(session, cache);
      // A window may be larger than a small input: that is for the user to decide.
      const bool is_too_large = !plan && (plan.error().code == "error.kernel_larger_than_input" ||
                                          plan.error().code == "error.pool_output_empty");
      EXPECT_TRUE(plan.ok() || is_too_large)
          << known.name << " as " << operation << ": " << (plan ? "" : describe(Language::en, plan.error()));
    }
  }
}

TEST(ShownOperations, scattering_steps_through_the_input_and_gathering_through_the_output) {
  const ComputationPtr done = computed(preset("padding_strides_transposed"));
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(step_count(done->plan, Lens::scatter), 9);
  EXPECT_EQ(step_count(done->plan, Lens::gather), 25);
  EXPECT_EQ(steps_in_row(done->plan, Lens::scatter), 3);
  EXPECT_EQ(steps_in_row(done->plan, Lens::gather), 5);
  // The middle stamp has its middle on the middle cell.
  EXPECT_EQ(step_across(done->plan, Lens::scatter, 4, Lens::gather), 12);
  EXPECT_EQ(step_across(done->plan, Lens::gather, 12, Lens::scatter), 4);
  EXPECT_EQ(step_across(done->plan, Lens::scatter, 8, Lens::gather), 24) << "the end stays the end";
}

TEST(ShownOperations, the_workbench_follows_operation_and_lens) {
  Workbench bench(preset("no_padding_no_strides"));
  EXPECT_NE(bench.plan(), nullptr);
  bench.apply({"edit.operation", {}, [](Session& s) { (void)change_operation(s, "conv_transpose2d"); }});
  bench.wait();
  EXPECT_EQ(bench.error(), nullptr);
  EXPECT_EQ(bench.plan(), nullptr) << "for those who know conv2d only";
  ASSERT_NE(bench.operation_plan(), nullptr);
  EXPECT_EQ(bench.session().lens, Lens::scatter);
  EXPECT_EQ(bench.step_count(), 16);
  EXPECT_EQ(bench.computation()->tensors.output.shape(), (Shape{1, 1, 6, 6}));
  bench.apply_view([](Session& s) { s.step = 16; });
  bench.apply_view([](Session& s) { s.lens = Lens::gather; });
  EXPECT_EQ(bench.step_count(), 36);
  EXPECT_EQ(bench.session().step, 36) << "the end stays the end";
  bench.undo();
  bench.wait();
  EXPECT_EQ(bench.session().operation, "conv2d");
  EXPECT_EQ(bench.session().lens, Lens::sliding);
  EXPECT_EQ(bench.step_count(), 4);
}

}  // namespace
}  // namespace convscope
