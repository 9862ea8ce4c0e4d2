#include "app/scene/lens.h"

namespace convscope {

void build_im2col_lens(LensFrame&) {}

}  // namespace convscope
