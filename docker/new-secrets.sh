#!/bin/sh
# Writes docker/env/*.env from the examples, with random passwords and a random key; what is there already is left alone.
set -eu
umask 077
cd "$(dirname "$0")/env"

random() { head -c 32 /dev/urandom | base64 | tr '+/' '-_'; }

for example in *.env.example; do
  file=${example%.example}
  if [ -e "$file" ]; then
    echo "$file is there already."
    continue
  fi
  while IFS= read -r line; do
    case $line in
      *PASSWORD=) printf '%sAa1-%s\n' "$line" "$(random | tr -d '=')" ;;
      PERIO_JOURNAL_KEY=) printf '%s%s\n' "$line" "$(random)" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done < "$example" > "$file"
  echo "Wrote $file."
done
