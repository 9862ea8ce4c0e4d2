// A tensor's texture, whose colours were looked up when it was made. Colours leave premultiplied.
#version 330 core

in vec2 local;
flat in vec4 fills;

uniform sampler2D raster;

out vec4 color;

void main() { color = vec4(texture(raster, local).rgb * fills.a, fills.a); }
