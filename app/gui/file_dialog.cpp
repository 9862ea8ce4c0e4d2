#include "app/gui/panels.h"
namespace convscope {
struct FileDialog::State {};
FileDialog::FileDialog() : state_(std::make_unique<State>()) {}
FileDialog::~FileDialog() = default;
void FileDialog::open(Purpose, const std::string&, const std::string&) {}
bool FileDialog::is_open() const { return false; }
bool FileDialog::draw(UiContext&, std::string&, Purpose&) { return false; }
}  // namespace convscope
