// Gradients as a session has them: sources, the background, undo, files.
#include <gmock/gmock.h>

#include "app/io/npy.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/workbench.h"
#include "engine/torch_random.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> list;
  for (int64_t i = 0; i < tensor.numel(); ++i) list.push_back(tensor.at(i));
  return list;
}

Session looked_at() {
  Session session;
  session.lens = Lens::gradient;
  return session;
}

Action change(std::function<void(Session&)> body) { return {"edit.grad_output", {}, std::move(body)}; }

class SessionGradient : public testing_support::TemporaryFolder {};

TEST_F(SessionGradient, is_computed_where_it_is_looked_at) {
  Workbench bench{Session()};
  EXPECT_EQ(bench.computation()->gradient, nullptr);
  const Tensor output = bench.computation()->tensors.output;
  bench.apply_view([](Session& s) { s.lens = Lens::gradient; });
  ASSERT_NE(bench.computation()->gradient, nullptr);
  EXPECT_EQ(bench.computation()->tensors.output.identity(), output.identity()) << "the convolution is not done again";
  EXPECT_THAT(numbers(bench.computation()->gradient->grad_output), testing::Each(1.0)) << "as Y.sum().backward()";
  const GradientPtr before = bench.computation()->gradient;
  bench.apply_view([](Session& s) { s.lens = Lens::sliding; });
  bench.apply_view([](Session& s) { s.lens = Lens::gradient; });
  EXPECT_EQ(bench.computation()->gradient, before) << "and neither are the gradients";
}

TEST_F(SessionGradient, other_sources_are_edits_that_can_be_undone) {
  Workbench bench(looked_at());
  bench.apply(change([](Session& s) { s.gradient.grad_output.kind = SourceKind::arange; }));
  EXPECT_EQ(bench.computation()->gradient->grad_output.at(3), 3);
  bench.undo();
  EXPECT_EQ(bench.computation()->gradient->grad_output.at(3), 1);
  bench.redo();
  EXPECT_EQ(bench.computation()->gradient->grad_output.at(3), 3);
  EXPECT_TRUE(bench.modified());
}

TEST_F(SessionGradient, random_numbers_follow_those_of_the_other_tensors) {
  Session session = looked_at();
  session.seed = 11;
  for (TensorSource* source : {&session.input, &session.weight, &session.bias, &session.gradient.grad_output}) {
    source->kind = SourceKind::randn;
  }
  const Workbench bench(session);
  TorchRandom script(11);
  EXPECT_EQ(numbers(bench.computation()->tensors.input), numbers(*script.randn({1, 1, 5, 5})));
  EXPECT_EQ(numbers(bench.computation()->tensors.weight), numbers(*script.randn({1, 1, 3, 3})));
  EXPECT_EQ(numbers(bench.computation()->tensors.bias), numbers(*script.randn({1})));
  EXPECT_EQ(numbers(bench.computation()->gradient->grad_output), numbers(*script.randn({1, 1, 3, 3})));
}

TEST_F(SessionGradient, a_file_must_have_the_outputs_shape) {
  Tensor right = *Tensor::zeros({1, 1, 3, 3}, DType::float32);
  right.mutable_data<float>()[4] = 7;
  ASSERT_TRUE(write_npy(path("right.npy"), right));
  ASSERT_TRUE(write_npy(path("wrong.npy"), *Tensor::zeros({1, 1, 2, 3}, DType::float32)));
  Session session = looked_at();
  session.gradient.grad_output = {SourceKind::npy, {}, path("right.npy"), nullptr};
  Workbench bench(session);
  ASSERT_EQ(bench.error(), nullptr);
  EXPECT_EQ(bench.computation()->gradient->grad_output.at(4), 7);
  bench.apply(change([&](Session& s) { s.gradient.grad_output.path = path("wrong.npy"); }));
  ASSERT_NE(bench.error(), nullptr);
  EXPECT_EQ(bench.error()->code, "error.like_output_shape");
  EXPECT_EQ(bench.error()->field, "grad_output");
}

TEST_F(SessionGradient, of_a_loss_is_the_difference_to_the_wished_output) {
  Session session = looked_at();
  session.gradient.grad_output.kind = SourceKind::mse;
  session.gradient.target = {SourceKind::zeros, {}, {}, nullptr};
  const Workbench bench(session);
  const Tensor& y = bench.computation()->tensors.output;
  const GradientNumbers& numbers = *bench.computation()->gradient;
  double loss = 0;
  for (int64_t i = 0; i < y.numel(); ++i) {
    EXPECT_NEAR(numbers.grad_output.at(i), 2 * y.at(i) / 9, 1e-5 * y.at(i));
    loss += y.at(i) * y.at(i) / 9;
  }
  EXPECT_NEAR(numbers.loss, loss, 1e-4 * loss);
}

TEST_F(SessionGradient, a_kernel_that_is_too_small_for_the_wished_one_is_the_targets_fault) {
  Session session = looked_at();
  session.params.kernel_size = {1, 1};
  session.gradient.grad_output.kind = SourceKind::mse;
  const Workbench bench(session);
  ASSERT_NE(bench.error(), nullptr);
  EXPECT_EQ(bench.error()->code, "error.kernel_too_small");
  EXPECT_EQ(bench.error()->field, "target");
}

TEST_F(SessionGradient, learning_gives_a_step_to_each_iteration_and_only_to_its_lens) {
  Session session = find_preset("learn_sobel")->session;
  Workbench bench(session);
  bench.wait();
  EXPECT_EQ(bench.step_count(), session.learn.steps + 1);
  ASSERT_TRUE(bench.computation()->gradient->path);
  bench.apply_view([](Session& s) { s.lens = Lens::sliding; });
  EXPECT_EQ(bench.step_count(), 144);
  EXPECT_EQ(numbers(bench.computation()->tensors.weight), numbers(bench.computation()->gradient->path->weights[0]))
      << "other lenses show where learning starts";
}

TEST_F(SessionGradient, settings_that_cannot_learn_are_refused_at_their_field) {
  const auto error_of = [](double rate, int64_t steps) {
    Session session = find_preset("learn_sobel")->session;
    session.learn.learning_rate = rate;
    session.learn.steps = steps;
    const Workbench bench(session);
    return bench.error() != nullptr ? *bench.error() : Error{};
  };
  for (double rate : {0.0, -1.0}) {
    EXPECT_EQ(error_of(rate, 5).code, "error.learning_rate");
    EXPECT_EQ(error_of(rate, 5).field, "learning_rate");
  }
  for (int64_t steps : {int64_t{0}, int64_t{-3}, int64_t{1} << 40}) {
    EXPECT_EQ(error_of(0.1, steps).code, "error.learning_steps");
    EXPECT_EQ(error_of(0.1, steps).field, "learning_steps");
  }
  EXPECT_EQ(error_of(0.1, 5).code, "");
}

TEST_F(SessionGradient, long_learning_runs_in_the_background_and_a_stale_path_is_dropped) {
  Session session = find_preset("learn_sobel")->session;
  session.input_shape = Shape{1, 1, 400, 400};
  session.learn.steps = 2000;
  Workbench bench(session);
  EXPECT_TRUE(bench.busy());
  bench.apply(change([](Session& s) { s.learn.steps = 3; }));
  bench.wait();
  bench.update();
  ASSERT_EQ(bench.error(), nullptr);
  EXPECT_EQ(bench.computation()->gradient->path->last(), 3);
}

TEST_F(SessionGradient, a_lens_that_is_turned_to_while_numbers_are_on_their_way_gets_its_gradients) {
  Session session;
  session.params.in_channels = session.params.out_channels = 32;
  session.params.padding = {1, 1};
  session.input_shape = Shape{1, 32, 128, 128};
  session.weight.name = "gaussian";
  Workbench bench(session);
  bench.apply_view([](Session& s) { s.lens = Lens::gradient; });
  bench.wait();
  bench.update();
  ASSERT_NE(bench.computation(), nullptr);
  EXPECT_NE(bench.computation()->gradient, nullptr);
}

TEST_F(SessionGradient, survives_a_file_and_moves_with_its_folder) {
  Session session = looked_at();
  session.gradient.grad_output = {
      SourceKind::values,
      {},
      {},
      std::make_shared<std::vector<double>>(std::vector<double>{1, -2, 3.5, 0, 0, 0, 0, 0, 9})};
  session.gradient.target = {SourceKind::npy, {}, path("wished.npy"), nullptr};
  session.learn = {true, 0.25, 17};
  ASSERT_TRUE(save_session(path("a.json"), session));
  EXPECT_THAT(get("a.json"), testing::HasSubstr("\"path\": \"wished.npy\""));
  const Result<Session> read = load_session(path("a.json"));
  ASSERT_TRUE(read) << read.error().code;
  EXPECT_EQ(*read, session);
  // A session that never looked at gradients says nothing about them.
  EXPECT_THAT(session_to_json(Session()), testing::Not(testing::HasSubstr("grad")));
}

TEST_F(SessionGradient, mistyped_fields_are_named) {
  const auto error_of = [](const std::string& fields) {
    const Result<Session> read =
        session_from_json(R"({"format":"convscope-session","version":1,"operation":"conv2d",)" + fields + "}");
    return read ? Error{} : read.error();
  };
  EXPECT_EQ(error_of(R"("gradient":{"grad_output":{}})").args[0], "gradient.grad_output.source");
  EXPECT_EQ(error_of(R"("gradient":{"grad_output":{"source":"named","name":"box"}})").code, "error.json_value");
  EXPECT_EQ(error_of(R"("input":{"source":"mse"})").code, "error.json_value");
  EXPECT_EQ(error_of(R"("learn":{"steps":"many"})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("gradient":{"target":{"source":"named","name":"box"}},"learn":{})").code, "");
}

}  // namespace
}  // namespace convscope
