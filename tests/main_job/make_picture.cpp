// Writes the main job's picture as picture.png and picture.jpg into a folder, and the tensors they are read back as
// beside them (picture.png.npy, picture.jpg.npy), from which make_reference.py works.
#include <stb_image_write.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "tests/main_job/picture.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_picture FOLDER\n");
    return 2;
  }
  const std::string folder = argv[1];
  if (!convscope::write_main_job_pictures(folder)) return 1;
  for (const char* name : {"picture.png", "picture.jpg"}) {
    const std::string path = folder + "/" + name;
    const convscope::Result<convscope::Tensor> tensor = convscope::read_image(path);
    if (!tensor.ok() || !convscope::write_npy(path + ".npy", *tensor).ok()) return 1;
  }
  return 0;
}
