// Boxes, lines, arrow heads: coverage from the signed distance to the edge. Colours leave premultiplied.
#version 330 core

in vec2 local;
flat in vec4 extent;
flat in vec4 bands;
flat in vec4 fills;
flat in vec4 lines;

uniform vec2 hatch;  // period and width of the lines

out vec4 color;

void main() {
  vec2 half_extent = extent.xy;
  float radius = extent.z;
  vec2 q = abs(local) - half_extent;
  vec2 r = q + radius;
  float distance = length(max(r, 0.0)) + min(max(r.x, r.y), 0.0) - radius;
  float covered = clamp(0.5 - distance, 0.0, 1.0);
  float outlined = clamp(0.5 + bands.y - distance, 0.0, 1.0) * clamp(0.5 + bands.x + distance, 0.0, 1.0);
#ifdef FANCY
  int kind = int(extent.w);
  if (kind < 4) {
    if ((kind & 1) != 0) {
      float along = fract((local.x + half_extent.x + local.y + half_extent.y) * 0.70710678 / hatch.x) * hatch.x;
      covered *= clamp(hatch.y * 0.5 + 0.5 - abs(along - hatch.x * 0.5), 0.0, 1.0);
    }
    if ((kind & 2) != 0) {
      // A dash is centred on each corner; the periods fit the sides.
      vec2 along = local + half_extent;
      bool upright = q.x > q.y + 0.01;  // on the diagonals no rounding decides
      float s = upright ? along.y : along.x;
      float period = upright ? bands.w : bands.z;
      float off = abs(fract(s / period + 0.5) - 0.5) * period;
      outlined *= clamp(period * (2.0 / 7.0) - off + 0.5, 0.0, 1.0);
    }
  } else if (kind == 4) {
    // The flanks run from the base's ends (-x) to the tip (+x).
    vec2 normal = normalize(vec2(half_extent.y, 2.0 * half_extent.x));
    float flank = dot(vec2(local.x - half_extent.x, abs(local.y)), normal);
    covered = clamp(0.5 - max(flank, -half_extent.x - local.x), 0.0, 1.0);
  } else {
    float period = bands.z;
    float off = abs(fract((local.x + half_extent.x) / period + 0.5) - 0.5) * period;
    covered *= clamp(period * (2.0 / 7.0) - off + 0.5, 0.0, 1.0);
  }
#endif
  float line_alpha = lines.a * outlined;
  float fill_alpha = fills.a * covered * (1.0 - line_alpha);
  color = vec4(lines.rgb * line_alpha + fills.rgb * fill_alpha, line_alpha + fill_alpha);
}
