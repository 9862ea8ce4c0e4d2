#include "app/render/gl_program.h"

#include <glad/gl.h>

#include <array>
#include <string>

#include "embedded/shaders.h"

namespace convscope {

namespace {

std::string source_of(std::string_view name, std::string_view defines) {
  for (const embedded::File& file : embedded::shaders()) {
    if (file.path != name) continue;
    std::string source(file.contents);
    constexpr std::string_view kVersion = "#version 330 core\n";
    const size_t at = source.find(kVersion);
    if (at != std::string::npos) source.insert(at + kVersion.size(), defines);
    return source;
  }
  return {};
}

Error failed(std::string_view name, std::string_view log) {
  return Error{"error.no_opengl", "", {std::string(name) + ": " + std::string(log.substr(0, log.find('\n')))}};
}

Result<GLuint> compile(GLenum type, std::string_view name, std::string_view defines) {
  const std::string source = source_of(name, defines);
  const char* text = source.c_str();
  const GLuint shader = glCreateShader(type);
  glShaderSource(shader, 1, &text, nullptr);
  glCompileShader(shader);
  GLint ok = 0;
  glGetShaderiv(shader, GL_COMPILE_STATUS, &ok);
  if (ok != 0) return shader;
  std::array<char, 512> log{};
  glGetShaderInfoLog(shader, static_cast<GLsizei>(log.size()), nullptr, log.data());
  glDeleteShader(shader);
  return failed(name, log.data());
}

}  // namespace

Result<uint32_t> link_program(std::string_view fragment, std::string_view defines) {
  Result<GLuint> vertex_shader = compile(GL_VERTEX_SHADER, "quads.vert", defines);
  if (!vertex_shader) return vertex_shader.error();
  Result<GLuint> fragment_shader = compile(GL_FRAGMENT_SHADER, fragment, defines);
  if (!fragment_shader) {
    glDeleteShader(*vertex_shader);
    return fragment_shader.error();
  }
  const GLuint program = glCreateProgram();
  glAttachShader(program, *vertex_shader);
  glAttachShader(program, *fragment_shader);
  glLinkProgram(program);
  glDeleteShader(*vertex_shader);
  glDeleteShader(*fragment_shader);
  GLint ok = 0;
  glGetProgramiv(program, GL_LINK_STATUS, &ok);
  if (ok != 0) return program;
  std::array<char, 512> log{};
  glGetProgramInfoLog(program, static_cast<GLsizei>(log.size()), nullptr, log.data());
  glDeleteProgram(program);
  return failed(fragment, log.data());
}

}  // namespace convscope
