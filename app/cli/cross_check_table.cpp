#include "app/cli/cross_check_table.h"

#include <cstdio>
#include <string>

#include "app/cli/messages.h"
#include "app/session/json_reader.h"

namespace convscope {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string cell_text(const OutputCell& cell) { return "y" + Json::array({cell.n, cell.c, cell.y, cell.x}).dump(); }

void print_json(const CrossCheck& check) {
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
      item["worst_cell"] = {one.worst.cell.n, one.worst.cell.c, one.worst.cell.y, one.worst.cell.x};
    }
    json["algorithms"].push_back(std::move(item));
  }
  print(pretty(json) + "\n");
}

void print_text(const CrossCheck& check) {
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
                 {number(one.worst.difference), cell_text(one.worst.cell), number(100 * check.part_of_tolerance(one))});
    }
    print(line + "\n");
  }
  print(tr(language, "cli.cross_check.tolerance", {number(check.tolerance)}) + "\n");
  if (!check.all_agree()) return;
  print(tr(language, "cli.cross_check.all_agree", {std::to_string(check.ran())}) + "\n");
}

}  // namespace

Result<void> print_cross_check(const CrossCheck& check, bool as_json) {
  if (as_json) {
    print_json(check);
  } else {
    print_text(check);
  }
  if (check.all_agree()) return {};
  const AlgorithmCheck& worst = check.furthest();
  return Error{"error.algorithms_disagree",
               "--cross-check",
               {name_of(worst.algorithm), cell_text(worst.worst.cell), number(worst.worst.difference),
                number(check.tolerance_of(worst))}};
}

}  // namespace convscope
