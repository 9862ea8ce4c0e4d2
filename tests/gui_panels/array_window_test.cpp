// Arrays of files that are dropped on the window: which, as what, and what to do where they do not fit.
#include <gtest/gtest.h>

#include <fstream>

#include "app/io/npy.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class Arrays : public DrivenWindow {
 protected:
  std::string put_npy(const std::string& name, const Shape& shape) {
    Tensor tensor = *Tensor::zeros(shape, DType::float32);
    for (int64_t i = 0; i < tensor.numel(); ++i) tensor.mutable_data<float>()[i] = static_cast<float>(i % 13);
    EXPECT_TRUE(write_npy(folder_.file(name), tensor).ok());
    return folder_.file(name);
  }
  /// numpy.savez() of conv1.weight (4, 2, 5, 5), conv1.bias (4,), x (1, 3, 9, 9).
  std::string npz() { return std::string(CONVSCOPE_TEST_DATA) + "/arrays.npz"; }
  const ComputationPtr computation() { return window().workbench().computation(); }

  TemporaryFolder folder_;
};

TEST_F(Arrays, an_npz_lists_its_arrays_and_the_chosen_one_becomes_what_its_shape_says) {
  open("padding_strides");
  const Session before = session();
  play("drop " + npz() + "\nexpect array_dialog\nexpect array.row.conv1.bias\nexpect array.changes");
  EXPECT_EQ(session(), before);
  play("click array.ok\nexpect no array_dialog");
  EXPECT_EQ(session().weight.kind, SourceKind::npy);
  EXPECT_EQ(session().weight.path, npz() + ":conv1.weight");
  EXPECT_EQ(session().params.out_channels, 4);
  EXPECT_EQ(session().params.in_channels, 2);
  EXPECT_EQ(session().params.kernel_size, (Pair{5, 5}));
  ASSERT_EQ(window().workbench().error(), nullptr);
  EXPECT_EQ(computation()->tensors.weight.at(7), 7);
  play("drop " + npz() + "\ntype bias\nkey enter\nexpect no array_dialog");
  EXPECT_EQ(session().bias.path, npz() + ":conv1.bias");
  EXPECT_EQ(computation()->tensors.bias.at(2), 12);
  play("key ctrl+z\nkey ctrl+z");
  EXPECT_EQ(session().weight, before.weight);
}

TEST_F(Arrays, the_keyboard_chooses_and_escape_changes_nothing) {
  open("padding_strides");
  const Session before = session();
  play("drop " + npz() + "\nkey down\nkey down\nkey escape\nexpect no array_dialog");
  EXPECT_EQ(session(), before);
  play("drop " + npz() + "\nkey down\nkey down\nkey enter\nexpect no array_dialog");
  EXPECT_EQ(session().input.path, npz() + ":x");
  EXPECT_EQ(session().params.in_channels, 3);
  EXPECT_EQ(session().title, "arrays.npz:x");
}

TEST_F(Arrays, one_that_does_not_fit_says_why_and_offers_numbers_that_do) {
  open("padding_strides");
  play("drop " + npz() + "\nclick array.ok\nexpect no array_dialog");
  // x has 3 channels, the kernel of the file 2.
  play("drop " + npz() + "\nclick array.row.x\nexpect array.error\nexpect array.redraw\nclick array.redraw");
  EXPECT_EQ(session().input.path, npz() + ":x");
  EXPECT_EQ(session().weight.kind, SourceKind::conv2d_init);
  EXPECT_EQ(session().params.in_channels, 3);
  ASSERT_EQ(window().workbench().error(), nullptr);
  EXPECT_EQ(computation()->tensors.input.shape(), (Shape{1, 3, 9, 9}));
}

TEST_F(Arrays, a_dropped_npy_that_looks_like_a_kernel_is_asked_about_and_an_input_is_not) {
  open("padding_strides");
  play("drop " + put_npy("weight.npy", Shape{6, 1, 3, 3}) + "\nexpect array_dialog\nclick array.as.weight\nkey enter");
  EXPECT_EQ(session().weight.path, folder_.file("weight.npy"));
  EXPECT_EQ(session().params.out_channels, 6);
  play("drop " + put_npy("picture.npy", Shape{1, 1, 12, 12}) + "\nexpect no array_dialog");
  EXPECT_EQ(session().input.path, folder_.file("picture.npy"));
  play("drop " + put_npy("channels.npy", Shape{1, 4, 12, 12}) + "\nexpect array_dialog\nexpect array.redraw");
  play("click array.as.bias\nexpect array.error\nexpect no array.redraw\nkey escape");
  EXPECT_EQ(session().input.path, folder_.file("picture.npy"));
}

TEST_F(Arrays, a_broken_archive_is_explained_in_the_dialog) {
  open("padding_strides");
  std::ofstream(folder_.file("bad.npz")) << "PK";
  play("drop " + folder_.file("bad.npz") + "\nexpect array.error\nclick array.cancel\nexpect no array_dialog");
}

}  // namespace
}  // namespace convscope
