#!/bin/sh
# prepare.sh HOME PLATFORM : fetches PostgreSQL's binaries for this platform as a Maven artifact, checks them, and unpacks them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=$1
platform=$2
version=18.6.0
rm -rf "$home" && mkdir -p "$home/fetched"
mvn -B -q -C org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="io.zonky.test.postgres:embedded-postgres-binaries-$platform:$version" -DoutputDirectory="$home/fetched"
if command -v sha256sum >/dev/null; then sum="sha256sum -c --quiet --strict"; else sum="shasum -a 256 -c -q"; fi
grep -- "-$platform-" "$here/jars.sha256" > "$home/jar.sha256" || { echo "no checksum is known for PostgreSQL on $platform" >&2; exit 1; }
(cd "$home/fetched" && $sum "$home/jar.sha256")
mvn -B -q -o org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack \
    -Dartifact="io.zonky.test.postgres:embedded-postgres-binaries-$platform:$version" -DoutputDirectory="$home/fetched" 2>/dev/null \
  || (cd "$home/fetched" && unzip -q -o ./*.jar)
tar -xJf "$home"/fetched/*.txz -C "$home"
rm -rf "$home/fetched"
chmod -R go+rX "$home"
