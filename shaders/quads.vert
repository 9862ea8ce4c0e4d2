// One rectangle of the quad stream (app/render/quad.h) per instance, from its four corners.
#version 330 core

layout(location = 0) in vec4 place;  // centre, half extents
layout(location = 1) in vec4 shape;  // axis, radius, kind
layout(location = 2) in vec4 band;
layout(location = 3) in vec4 fill;
layout(location = 4) in vec4 line;

uniform vec4 view;     // device pixels, y down, to clip space: scale, offset

out vec2 local;        // from the centre, along the quad's own axes; of a glyph: texel; of a raster: texture coordinate
flat out vec4 extent;  // half extents, radius, kind
flat out vec4 bands;
flat out vec4 fills;
flat out vec4 lines;

void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
  vec2 axis = shape.xy;
#ifdef SHAPES
  // What lies on whole pixels needs no seam for its soft edge.
  float pad = band.y + (shape.w >= 4.0 || axis.x * axis.y != 0.0 ? 1.0 : 0.0);
  local = corner * (place.zw + pad);
  vec2 at = local;
#else
  local = mix(band.xy, band.zw, corner * 0.5 + 0.5);
  vec2 at = corner * place.zw;
#endif
  vec2 position = place.xy + axis * at.x + vec2(-axis.y, axis.x) * at.y;
  gl_Position = vec4(position * view.xy + view.zw, 0.0, 1.0);
  extent = vec4(place.zw, shape.zw);
  bands = band;
  fills = fill;
  lines = line;
}
