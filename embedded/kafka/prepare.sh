#!/bin/sh
# prepare.sh HOME : fetches Apache Kafka by its pom, checks every jar, formats a template folder, and makes a class archive (a start is a second quicker with it).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=$1
rm -rf "$home" && mkdir -p "$home"
mvn -B -q -C -f "$here/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$home/libs"
if command -v sha256sum >/dev/null; then sum="sha256sum -c --quiet --strict"; else sum="shasum -a 256 -c -q"; fi
(cd "$home/libs" && $sum "$here/libs.sha256")
cp=$(ls "$home"/libs/*.jar | LC_ALL=C sort | paste -s -d: -)
flags="-Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError -Xlog:cds=off -Xlog:cds+dynamic=off -Djava.awt.headless=true"
arguments() { printf '%s\n' $flags "$@" "-Dlog4j2.configurationFile=\"$here/log4j2.properties\"" "-cp \"$cp\""; }
arguments > "$home/plain.args"
arguments "-XX:SharedArchiveFile=\"$home/kafka.jsa\"" > "$home/java.args"
sed "s#^log.dirs=.*#log.dirs=$home/template#" "$here/server.properties" > "$home/format.properties"
id=$(java @"$home/plain.args" kafka.tools.StorageTool random-uuid)
java @"$home/plain.args" kafka.tools.StorageTool format --standalone -t "$id" -c "$home/format.properties" >/dev/null
cp -r "$home/template" "$home/train"
java @"$home/plain.args" -XX:ArchiveClassesAtExit="$home/kafka.jsa" kafka.Kafka "$here/server.properties" --override "log.dirs=$home/train" 2>"$home/train.log" & server=$!
tries=0
until grep -q 'Kafka Server started' "$home/train.log"; do kill -0 $server; tries=$((tries + 1)); [ $tries -lt 600 ]; sleep 0.1; done
kill -TERM $server
wait $server || true
rm -rf "$home/train"
test -s "$home/kafka.jsa" || echo "no class archive: each start takes a second or two longer" >&2
