#include "app/gui/panels.h"
namespace convscope {
struct ExportDialog::State {};
ExportDialog::ExportDialog() : state_(std::make_unique<State>()) {}
ExportDialog::~ExportDialog() = default;
void ExportDialog::open(UiContext&) {}
bool ExportDialog::is_open() const { return false; }
void ExportDialog::draw(UiContext&) {}
bool ExportDialog::busy() const { return false; }
void ExportDialog::wait() {}
}  // namespace convscope
