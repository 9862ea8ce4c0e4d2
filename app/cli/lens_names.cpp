#include "app/cli/lens_names.h"

#include "app/cli/arguments.h"

namespace convscope {

Result<LensNames> parse_lenses(std::string_view text, const std::string& option) {
  const std::vector<std::string_view> names = split(text, ',');
  if (names.size() > 2) return Error{"error.too_many_lenses", option, {std::string(text)}};
  LensNames lenses;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::optional<Lens> lens = lens_from_name(names[i]);
    if (!lens) return Error{"error.unknown_lens", option, {std::string(names[i]), names_of_lenses()}};
    if (i == 0) lenses.first = *lens;
    if (i == 1) lenses.second = lens;
  }
  return lenses;
}

}  // namespace convscope
