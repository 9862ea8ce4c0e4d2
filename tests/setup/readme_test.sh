#!/bin/sh
# readme_test.sh SOURCE PROGRAM: runs each `convscope COMMAND ...` of README.md's fenced blocks, in order, in one empty
# folder and without a display; each must succeed.
# shellcheck disable=SC2016  # the backticks are Markdown's
set -eu
source=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/work"
ln -s "$2" "$folder/bin/convscope"
PATH=$folder/bin:$PATH
unset DISPLAY WAYLAND_DISPLAY
cd "$folder/work"
sed -n '/^```/,/^```/{/^convscope [a-z]/p;}' "$source/README.md" >"$folder/commands"
count=0
while IFS= read -r command; do
  sh -c "$command" >"$folder/said" 2>&1 </dev/null || { echo "failed: $command"; cat "$folder/said"; exit 1; }
  count=$((count + 1))
done <"$folder/commands"
[ "$count" -ge 5 ] || { echo "only $count commands found in README.md"; exit 1; }
echo "$count commands of README.md work"
