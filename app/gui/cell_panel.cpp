#include "app/gui/panels.h"
namespace convscope {
void draw_cell_panel(UiContext&) {}
}  // namespace convscope
