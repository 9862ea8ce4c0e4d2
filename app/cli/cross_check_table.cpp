#include "app/cli/cross_check_table.h"

#include <cstdio>
#include <string>

#include "app/cli/messages.h"
#include "app/session/json_reader.h"
#include "engine/output_check.h"

namespace convscope {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// The indices of the worst cell: (n, c, y, x) of up to two axes, whatever the output's own, else the output's.
Json indices(const CrossCheck& check, const WorstCell& worst, bool is_flat) {
  const OutputCell& cell = worst.cell;
  if (is_flat) return Json::array({cell.n, cell.c, cell.y, cell.x});
  Json list = Json::array();
  for (int64_t index : index_of(check.output, worst.flat)) list.push_back(index);
  return list;
}

std::string cell_text(const CrossCheck& check, const WorstCell& worst, bool is_flat, const std::string& name = "y") {
  return name + indices(check, worst, is_flat).dump();
}

Json json_of(const CrossCheck& check, bool is_flat) {
  Json json;
  json["tolerance"] = check.tolerance;
  json["all_agree"] = check.all_agree();
  json["algorithms"] = Json::array();
  for (const AlgorithmCheck& one : check.algorithms) {
    Json item;
    item["algorithm"] = name_of(one.algorithm);
    item["ran"] = !one.refusal.has_value();
    item["agrees"] = check.agrees(one);
    if (one.refusal) {
      item["refusal"] = describe(cli_language(), *one.refusal);
    } else {
      item["largest_difference"] = one.worst.difference;
      item["part_of_tolerance"] = check.part_of_tolerance(one);
      item["worst_cell"] = indices(check, one.worst, is_flat);
    }
    json["algorithms"].push_back(std::move(item));
  }
  return json;
}

void print_text(const CrossCheck& check, bool is_flat, const std::string& name) {
  const Language language = cli_language();
  for (const AlgorithmCheck& one : check.algorithms) {
    std::string line = name_of(one.algorithm);
    constexpr size_t kNameColumn = 20;
    line.append(kNameColumn - line.size(), ' ');
    if (one.refusal) {
      line += describe(language, *one.refusal);
    } else if (one.algorithm == Algorithm::naive) {
      line += words("cli.cross_check.reference");
    } else if (one.worst.difference == 0) {
      line += words("cli.cross_check.equal");
    } else {
      line += tr(language, check.agrees(one) ? "cli.cross_check.agrees" : "cli.cross_check.disagrees",
                 {number(one.worst.difference), cell_text(check, one.worst, is_flat, name),
                  number(100 * check.part_of_tolerance(one))});
    }
    print(line + "\n");
  }
  print(tr(language, "cli.cross_check.tolerance", {number(check.tolerance)}) + "\n");
  if (!check.all_agree()) return;
  print(tr(language, "cli.cross_check.all_agree", {std::to_string(check.ran())}) + "\n");
}

Result<void> verdict(const CrossCheck& check, bool is_flat, const std::string& name) {
  if (check.all_agree()) return {};
  const AlgorithmCheck& worst = check.furthest();
  return Error{"error.algorithms_disagree",
               "--cross-check",
               {name_of(worst.algorithm), cell_text(check, worst.worst, is_flat, name), number(worst.worst.difference),
                number(check.tolerance_of(worst))}};
}

}  // namespace

Result<void> print_cross_check(const CrossCheck& check, bool as_json, bool is_flat) {
  if (as_json) {
    print(pretty(json_of(check, is_flat)) + "\n");
  } else {
    print_text(check, is_flat, "y");
  }
  return verdict(check, is_flat, "y");
}

Result<void> print_cross_checks(const std::vector<NamedCrossCheck>& checks, bool as_json) {
  Json json;
  Result<void> first_fault;
  for (const NamedCrossCheck& one : checks) {
    if (as_json) {
      json[one.name] = json_of(one.check, false);
    } else {
      print(one.name + "\n");
      print_text(one.check, false, one.name);
    }
    if (first_fault) first_fault = verdict(one.check, false, one.name);
  }
  if (as_json) print(pretty(json) + "\n");
  return first_fault;
}

}  // namespace convscope
