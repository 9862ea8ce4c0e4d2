#include "app/gui/panels.h"
namespace convscope {
void draw_output_size_panel(UiContext&) {}
}  // namespace convscope
