// Glyphs: coverage from the atlas, texel for pixel. Colours leave premultiplied.
#version 330 core

in vec2 local;
flat in vec4 fills;

uniform sampler2D atlas;

out vec4 color;

void main() {
  float alpha = texelFetch(atlas, ivec2(local), 0).r * fills.a;
  color = vec4(fills.rgb * alpha, alpha);
}
