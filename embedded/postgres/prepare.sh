#!/bin/sh
# prepare.sh HOME PLATFORM : fetches PostgreSQL's binaries for this platform as a Maven artifact, checks them, and unpacks them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case $1 in /*) home=$1 ;; *) home=$PWD/$1 ;; esac
platform=$2
version=18.6.0
# Made beside its place and moved there: servers that run from it find every file meanwhile.
new=$home.new
rm -rf "$new" && mkdir -p "$new/fetched"
cd "$new/fetched"
mvn -B -q -C org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="io.zonky.test.postgres:embedded-postgres-binaries-$platform:$version" -DoutputDirectory="$new/fetched"
if command -v sha256sum >/dev/null; then sum="sha256sum -c --quiet --strict"; else sum="shasum -a 256 -c -q"; fi
grep -- "-$platform-" "$here/jars.sha256" > "$new/jar.sha256" || { echo "no checksum is known for PostgreSQL on $platform" >&2; exit 1; }
$sum "$new/jar.sha256"
# Maven's own unpacking leaves marks in the caller's folder.
unzip -q -o ./*.jar
tar -xJf ./*.txz -C "$new"
cd "$new"
rm -rf "$new/fetched"
chmod -R go+rX "$new"
rm -rf "$home"
mv "$new" "$home"
