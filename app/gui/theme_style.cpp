#include "app/gui/theme_style.h"

#include <imgui.h>

#include <algorithm>
#include <cmath>

namespace convscope {
namespace {

ImVec4 vec(const Color& c, float opacity = 1) { return {c.r, c.g, c.b, c.a * opacity}; }

/// `amount` of `top` over `bottom`, opaque: washes that do not add up where windows overlap.
ImVec4 over(const Color& bottom, const Color& top, float amount) {
  return {bottom.r + (top.r - bottom.r) * amount, bottom.g + (top.g - bottom.g) * amount,
          bottom.b + (top.b - bottom.b) * amount, 1};
}

}  // namespace

void apply_style(const Theme& theme, float scale) {
  ImGuiStyle style;
  const auto px = [scale](float logical) { return std::round(logical * scale); };
  const Color canvas = theme.of(Role::canvas).full;
  const Color panel = theme.of(Role::panel).full;
  const Color border = theme.of(Role::border).line;
  const Color text = theme.of(Role::text).line;
  const Color secondary = theme.of(Role::secondary).line;
  const Color accent = theme.of(Role::accent).line;

  style.WindowPadding = {px(16), px(12)};
  style.FramePadding = {px(10), std::round(6.5f * scale)};
  style.ItemSpacing = {px(8), px(8)};
  style.ItemInnerSpacing = {px(6), px(4)};
  style.CellPadding = {px(6), px(3)};
  style.IndentSpacing = px(16);
  style.ScrollbarSize = px(12);
  style.GrabMinSize = px(24);
  style.WindowRounding = px(8);
  style.ChildRounding = px(6);
  style.PopupRounding = px(8);
  style.FrameRounding = px(6);
  style.ScrollbarRounding = px(6);
  style.GrabRounding = px(6);
  style.TabRounding = px(6);
  style.WindowBorderSize = 1;
  style.ChildBorderSize = 1;
  style.PopupBorderSize = 1;
  style.FrameBorderSize = 1;
  style.DisabledAlpha = 0.45f;
  style.WindowTitleAlign = {0.5f, 0.5f};
  style.ButtonTextAlign = {0.5f, 0.5f};
  style.SelectableTextAlign = {0, 0.5f};
  style.AntiAliasedLinesUseTex = false;
  style.CircleTessellationMaxError = 0.2f;
  style.MouseCursorScale = std::max(1.0f, scale);

  ImVec4* colors = style.Colors;
  for (int i = 0; i < ImGuiCol_COUNT; ++i) colors[i] = vec(text);
  const ImVec4 clear(0, 0, 0, 0);
  colors[ImGuiCol_Text] = vec(text);
  colors[ImGuiCol_TextDisabled] = vec(secondary);
  colors[ImGuiCol_WindowBg] = vec(panel);
  colors[ImGuiCol_ChildBg] = clear;
  colors[ImGuiCol_PopupBg] = vec(canvas);
  colors[ImGuiCol_Border] = vec(border);
  colors[ImGuiCol_BorderShadow] = clear;
  colors[ImGuiCol_FrameBg] = vec(canvas);
  colors[ImGuiCol_FrameBgHovered] = over(canvas, text, 0.04f);
  colors[ImGuiCol_FrameBgActive] = over(canvas, text, 0.07f);
  colors[ImGuiCol_TitleBg] = vec(panel);
  colors[ImGuiCol_TitleBgActive] = vec(panel);
  colors[ImGuiCol_TitleBgCollapsed] = vec(panel);
  colors[ImGuiCol_MenuBarBg] = vec(panel);
  colors[ImGuiCol_ScrollbarBg] = clear;
  colors[ImGuiCol_ScrollbarGrab] = over(panel, text, 0.22f);
  colors[ImGuiCol_ScrollbarGrabHovered] = over(panel, text, 0.35f);
  colors[ImGuiCol_ScrollbarGrabActive] = over(panel, text, 0.45f);
  colors[ImGuiCol_CheckMark] = vec(accent);
  colors[ImGuiCol_SliderGrab] = vec(accent);
  colors[ImGuiCol_SliderGrabActive] = vec(accent);
  colors[ImGuiCol_Button] = vec(canvas);
  colors[ImGuiCol_ButtonHovered] = over(canvas, text, 0.07f);
  colors[ImGuiCol_ButtonActive] = over(canvas, text, 0.14f);
  colors[ImGuiCol_Header] = over(canvas, accent, 0.14f);
  colors[ImGuiCol_HeaderHovered] = over(canvas, accent, 0.10f);
  colors[ImGuiCol_HeaderActive] = over(canvas, accent, 0.22f);
  colors[ImGuiCol_Separator] = vec(border);
  colors[ImGuiCol_SeparatorHovered] = vec(accent);
  colors[ImGuiCol_SeparatorActive] = vec(accent);
  colors[ImGuiCol_ResizeGrip] = clear;
  colors[ImGuiCol_ResizeGripHovered] = vec(accent, 0.5f);
  colors[ImGuiCol_ResizeGripActive] = vec(accent);
  colors[ImGuiCol_Tab] = vec(panel);
  colors[ImGuiCol_TabHovered] = over(panel, accent, 0.14f);
  colors[ImGuiCol_TabActive] = over(panel, accent, 0.20f);
  colors[ImGuiCol_TabUnfocused] = vec(panel);
  colors[ImGuiCol_TabUnfocusedActive] = over(panel, accent, 0.20f);
  colors[ImGuiCol_PlotLines] = vec(accent);
  colors[ImGuiCol_PlotLinesHovered] = vec(accent);
  colors[ImGuiCol_PlotHistogram] = vec(accent);
  colors[ImGuiCol_PlotHistogramHovered] = vec(accent);
  colors[ImGuiCol_TableHeaderBg] = over(panel, text, 0.05f);
  colors[ImGuiCol_TableBorderStrong] = vec(border);
  colors[ImGuiCol_TableBorderLight] = vec(border, 0.6f);
  colors[ImGuiCol_TableRowBg] = clear;
  colors[ImGuiCol_TableRowBgAlt] = vec(text, 0.03f);
  colors[ImGuiCol_TextSelectedBg] = vec(accent, 0.30f);
  colors[ImGuiCol_DragDropTarget] = vec(accent);
  colors[ImGuiCol_NavHighlight] = vec(accent);
  colors[ImGuiCol_NavWindowingHighlight] = vec(accent);
  colors[ImGuiCol_NavWindowingDimBg] = vec(text, 0.2f);
  colors[ImGuiCol_ModalWindowDimBg] = {0, 0, 0, 0.35f};
  ImGui::GetStyle() = style;
}

}  // namespace convscope
