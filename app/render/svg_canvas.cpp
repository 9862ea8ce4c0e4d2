#include "app/render/svg_canvas.h"

#include "app/render/svg_elements.h"

namespace convscope {

Result<std::string> svg_still(const Scene& scene, const Theme& theme, const SvgWords& words, float scale) {
  SvgElements elements(theme);
  std::vector<std::string> list;
  if (Result<void> drawn = elements.append(scene, list); !drawn) return drawn.error();
  std::string body;
  for (const std::string& element : list) body.append(element).append("\n");
  return svg_document(scene, theme, elements, {}, body, words, scale);
}

}  // namespace convscope
