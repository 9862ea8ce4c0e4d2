#include "app/session/computation.h"

#include <gmock/gmock.h>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "engine/torch_random.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> list;
  for (int64_t i = 0; i < tensor.numel(); ++i) list.push_back(tensor.at(i));
  return list;
}

TensorSource typed(std::vector<double> values) {
  return {SourceKind::values, {}, {}, std::make_shared<std::vector<double>>(std::move(values))};
}

class ComputationTest : public testing_support::TemporaryFolder {
 protected:
  Result<ConvTensors> tensors(const Session& session) {
    const Result<OperationPlan> plan = plan_of(session, cache_);
    if (!plan) return plan.error();
    return cache_.tensors(session, *plan);
  }
  TensorCache cache_;
};

TEST_F(ComputationTest, computes_what_pen_and_paper_compute) {
  Session session;
  session.input_shape = Shape{1, 1, 3, 3};
  session.params.kernel_size = {2, 2};
  session.weight = typed({1, 2, 3, 4});
  session.bias = typed({10});
  const Result<ComputationPtr> done = compute(session, cache_);
  ASSERT_TRUE(done);
  // 0 1 3 4 with 1 2 3 4: 0 + 2 + 9 + 16, and so on, plus 10.
  EXPECT_THAT(numbers((*done)->tensors.output), testing::ElementsAre(37, 47, 67, 77));
  EXPECT_EQ((*done)->params, session.params);
}

TEST_F(ComputationTest, generations_grow) {
  const ComputationPtr a = *compute(Session(), cache_), b = *compute(Session(), cache_);
  EXPECT_GT(b->generation, a->generation);
}

TEST_F(ComputationTest, random_tensors_are_those_of_a_script_in_the_same_order) {
  Session session;
  session.seed = 10010;
  session.params.padding = {1, 1};
  for (TensorSource* source : {&session.input, &session.weight, &session.bias}) source->kind = SourceKind::randn;
  const Result<ConvTensors> drawn = tensors(session);
  ASSERT_TRUE(drawn);
  TorchRandom script(10010);
  EXPECT_EQ(numbers(drawn->input), numbers(*script.randn(Shape{1, 1, 5, 5})));
  EXPECT_EQ(numbers(drawn->weight), numbers(*script.randn(Shape{1, 1, 3, 3})));
  EXPECT_EQ(numbers(drawn->bias), numbers(*script.randn(Shape{1})));
}

TEST_F(ComputationTest, a_layer_draws_its_weight_and_then_its_bias) {
  Session session;
  session.seed = 5;
  session.weight.kind = session.bias.kind = SourceKind::conv2d_init;
  const Result<ConvTensors> drawn = tensors(session);
  ASSERT_TRUE(drawn);
  TorchRandom script(5);
  const TorchRandom::LayerInit layer = *script.conv2d_init(Shape{1, 1, 3, 3}, true);
  EXPECT_EQ(numbers(drawn->weight), numbers(layer.weight));
  EXPECT_EQ(numbers(drawn->bias), numbers(layer.bias));
}

TEST_F(ComputationTest, tensors_in_float64_are_drawn_in_float64) {
  Session session;
  session.params.dtype = DType::float64;
  session.input.kind = SourceKind::rand;
  const Result<ConvTensors> drawn = tensors(session);
  ASSERT_TRUE(drawn);
  EXPECT_EQ(drawn->input.dtype(), DType::float64);
  EXPECT_EQ(numbers(drawn->input), numbers(*TorchRandom(0).rand(Shape{1, 1, 5, 5}, DType::float64)));
}

TEST_F(ComputationTest, what_did_not_change_is_kept) {
  Session session;
  session.input.kind = SourceKind::randn;
  session.weight.kind = SourceKind::randn;
  const ConvTensors first = *tensors(session);
  session.params.stride = {2, 2};
  const ConvTensors second = *tensors(session);
  EXPECT_EQ(first.input.identity(), second.input.identity());
  EXPECT_EQ(first.weight.identity(), second.weight.identity());
  session.weight.kind = SourceKind::ones;
  const ConvTensors third = *tensors(session);
  EXPECT_EQ(first.input.identity(), third.input.identity());
  EXPECT_NE(first.weight.identity(), third.weight.identity());
}

TEST_F(ComputationTest, a_new_seed_or_a_new_draw_before_changes_the_draws_behind) {
  Session session;
  session.input.kind = session.weight.kind = SourceKind::randn;
  const ConvTensors first = *tensors(session);
  session.seed = 1;
  EXPECT_NE(numbers(tensors(session)->input), numbers(first.input));
  session.seed = 0;
  session.input.kind = SourceKind::ones;
  const ConvTensors moved = *tensors(session);
  EXPECT_EQ(numbers(moved.weight), numbers(*TorchRandom(0).randn(Shape{1, 1, 3, 3})));
  session.input.kind = SourceKind::randn;
  EXPECT_EQ(numbers(tensors(session)->weight), numbers(first.weight));
}

TEST_F(ComputationTest, a_kept_random_input_still_feeds_a_new_weight_from_behind_it) {
  Session session;
  session.input.kind = SourceKind::randn;
  ASSERT_TRUE(tensors(session));
  session.weight.kind = SourceKind::randn;
  const ConvTensors drawn = *tensors(session);
  TorchRandom script(0);
  ASSERT_TRUE(script.randn(Shape{1, 1, 5, 5}));
  EXPECT_EQ(numbers(drawn.weight), numbers(*script.randn(Shape{1, 1, 3, 3})));
}

TEST_F(ComputationTest, a_bias_that_is_switched_off_is_not_drawn) {
  Session session;
  session.params.bias = false;
  session.bias = typed({1, 2, 3});
  EXPECT_FALSE(tensors(session)->bias.defined());
}

TEST_F(ComputationTest, a_file_that_was_written_again_is_read_again) {
  Tensor tensor = *Tensor::zeros(Shape{1, 1, 4, 4}, DType::float32);
  ASSERT_TRUE(write_npy(path("x.npy"), tensor));
  Session session;
  session.input = {SourceKind::npy, {}, path("x.npy"), nullptr};
  EXPECT_EQ(tensors(session)->input.at(0), 0);
  tensor = *Tensor::zeros(Shape{1, 1, 6, 4}, DType::float64);
  tensor.mutable_data<double>()[0] = 7;
  ASSERT_TRUE(write_npy(path("x.npy"), tensor));
  const ConvTensors again = *tensors(session);
  EXPECT_EQ(again.input.at(0), 7);
  EXPECT_EQ(again.input.shape(), (Shape{1, 1, 6, 4}));
  EXPECT_EQ(again.input.dtype(), DType::float32) << "the session's dtype, whatever the file's";
}

TEST_F(ComputationTest, a_matrix_is_a_picture_of_one_channel_and_three_extents_are_unbatched) {
  ASSERT_TRUE(write_npy(path("m.npy"), *Tensor::zeros(Shape{4, 5}, DType::float32)));
  Session session;
  session.input = {SourceKind::npy, {}, path("m.npy"), nullptr};
  EXPECT_EQ(tensors(session)->input.shape(), (Shape{1, 1, 4, 5}));
  ASSERT_TRUE(write_npy(path("m.npy"), *Tensor::zeros(Shape{1, 4, 5}, DType::float32)));
  EXPECT_TRUE(plan_of(session, cache_)->unbatched());
  EXPECT_EQ((*compute(session, cache_))->tensors.output.shape(), (Shape{1, 2, 3}));
}

TEST_F(ComputationTest, weight_and_bias_files_must_fit) {
  ASSERT_TRUE(write_npy(path("w.npy"), *Tensor::zeros(Shape{1, 1, 2, 2}, DType::float32)));
  Session session;
  session.weight = {SourceKind::npy, {}, path("w.npy"), nullptr};
  EXPECT_EQ(tensors(session).error().code, "error.weight_shape");
  session.params.kernel_size = {2, 2};
  EXPECT_TRUE(tensors(session));
  session.bias = {SourceKind::npy, {}, path("w.npy"), nullptr};
  EXPECT_EQ(tensors(session).error().code, "error.bias_shape");
}

TEST_F(ComputationTest, typed_numbers_must_be_as_many_as_the_shape_takes) {
  Session session;
  session.weight = typed({1, 2, 3});
  const Error error = tensors(session).error();
  EXPECT_EQ(error, (Error{"error.values_count", "weight", {"3", "weight", "1 x 1 x 3 x 3", "9"}}));
  session.weight = {SourceKind::values, {}, {}, nullptr};
  EXPECT_EQ(tensors(session).error().code, "error.values_count");
}

TEST_F(ComputationTest, errors_of_files_name_the_tensor) {
  Session session;
  session.input = {SourceKind::npy, {}, path("none.npy"), nullptr};
  EXPECT_EQ(tensors(session).error(), (Error{"error.file_not_found", "input", {path("none.npy")}}));
  session = Session();
  session.weight = {SourceKind::npy, {}, path("none.npy"), nullptr};
  EXPECT_EQ(tensors(session).error().field, "weight");
  session.weight = {SourceKind::named, "sobbel", {}, nullptr};
  EXPECT_EQ(tensors(session).error().code, "error.unknown_kernel");
}

TEST_F(ComputationTest, a_picture_is_read_with_its_own_shape) {
  Pixels pixels{4, 3, std::vector<uint8_t>(48, 255)};
  ASSERT_TRUE(write_png(path("a.png"), pixels));
  Session session;
  session.input = {SourceKind::image, {}, path("a.png"), nullptr};
  EXPECT_EQ(plan_of(session, cache_).error().code, "error.in_channels_mismatch");
  session.params.in_channels = 3;
  EXPECT_EQ(tensors(session)->input.at(0), 1);
}

TEST_F(ComputationTest, the_sample_picture_comes_in_colour_or_grey) {
  Session session;
  session.input.kind = SourceKind::sample;
  session.input_shape = Shape{1, 3, 9, 16};
  session.params.in_channels = 3;
  EXPECT_EQ(numbers(tensors(session)->input), numbers(*sample_photo(9, 16)));
  session.input_shape = Shape{1, 9, 16};
  session.params.in_channels = 1;
  const ConvTensors grey = *tensors(session);
  EXPECT_EQ(grey.input.shape(), (Shape{1, 9, 16}));
  const Tensor photo = *sample_photo(9, 16);
  EXPECT_NEAR(grey.input.at(5), 0.299 * photo.at(5) + 0.587 * photo.at(149) + 0.114 * photo.at(293), 1e-6);
  for (const Shape& shape : {Shape{2, 3, 9, 16}, Shape{1, 2, 9, 16}, Shape{9, 16}}) {
    session.input_shape = shape;
    EXPECT_EQ(cache_.input_shape(session).error().code, "error.sample_shape") << shape.to_string();
  }
}

TEST_F(ComputationTest, a_cancelled_job_gives_no_numbers) {
  Job job;
  job.cancelled = true;
  Conv2dOptions options;
  options.job = &job;
  EXPECT_EQ(compute(Session(), cache_, options).error().code, "error.cancelled");
}

TEST_F(ComputationTest, the_estimate_forgets_what_is_kept) {
  Session session;
  session.input.kind = SourceKind::sample;
  session.input_shape = Shape{1, 3, 200, 200};
  session.params.in_channels = 3;
  const OperationPlan plan = *plan_of(session, cache_);
  const double before = estimated_seconds(session, plan, cache_, nullptr);
  ASSERT_TRUE(cache_.tensors(session, plan));
  EXPECT_LT(estimated_seconds(session, plan, cache_, nullptr), before / 2);
}

TEST(Conv2dSecondsAfter, knows_only_plans_that_are_nearly_the_same) {
  Computation last;
  ConvPlan before;
  before.in = before.out = {1000, 1000};
  before.kernel = {3, 3};
  last.plan = before;
  last.ran = Algorithm::im2col;
  last.seconds = 0.002;
  const auto after = [&](const ConvPlan& plan, Algorithm algorithm = Algorithm::im2col) {
    return conv2d_seconds_after(last, plan, algorithm);
  };
  ASSERT_TRUE(after(before).has_value());
  EXPECT_GE(*after(before), last.seconds);
  ConvPlan larger = before;
  larger.kernel = {5, 5};
  ASSERT_TRUE(after(larger).has_value());
  EXPECT_GT(*after(larger), 2 * last.seconds);
  ConvPlan smaller = before;
  smaller.out = {900, 900};
  EXPECT_GE(after(smaller).value_or(0), last.seconds);

  ConvPlan vast = before;
  vast.kernel = {31, 31};
  EXPECT_FALSE(after(vast).has_value());
  ConvPlan other = before;
  other.in_channels = 2;
  EXPECT_FALSE(after(other).has_value());
  other = before;
  other.dtype = DType::float64;
  EXPECT_FALSE(after(other).has_value());
  EXPECT_FALSE(after(before, Algorithm::naive).has_value());
}

}  // namespace
}  // namespace convscope
