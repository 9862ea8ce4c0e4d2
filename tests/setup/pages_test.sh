#!/bin/sh
# pages_test.sh SOURCE: every file, folder and function that README.md and ARCHITECTURE.md name in backticks exists,
# and every picture and page they link to.
# shellcheck disable=SC2013,SC2016  # one word per name is wanted; the backticks are Markdown's
set -euf
cd "$1"
problems=0
for page in README.md ARCHITECTURE.md; do
  # Words in backticks outside of fenced blocks.
  words=$(sed '/^```/,/^```/d' "$page" | grep -oE '`[^`]+`' | tr -d '`' | sort -u | tr ' ' '\n')
  for word in $words; do
    case "$word" in
      engine/* | app/* | cmake/* | packaging/* | tests/* | shaders/* | assets/* | *.md)
        set +f
        # shellcheck disable=SC2086  # patterns are meant
        set -- $word
        set -f
        [ -e "$1" ] || { echo "$page names $word, which does not exist"; problems=$((problems + 1)); }
        ;;
      *'()')
        name=${word%'()'}
        name=${name##*::}
        grep -rqE "\\b$name\\(" --include='*.h' --include='*.cpp' engine app ||
          { echo "$page names $word, which nobody defines"; problems=$((problems + 1)); }
        ;;
    esac
  done
  for link in $(grep -oE '\]\([^)]+\)|src="[^"]+"' "$page" | sed -E 's/^\]\(//; s/^src="//; s/[)"]$//'); do
    case "$link" in
      http* | '#'*) ;;
      *) [ -e "$link" ] || { echo "$page links to $link, which does not exist"; problems=$((problems + 1)); } ;;
    esac
  done
done
[ "$problems" -eq 0 ]
