#!/bin/sh
# kcat (Debian, Ubuntu: the package kcat) on an inbox or a resource. 用 kcat 查看资源、删除主键。
#
#   sh example.sh list                     topics of the cluster 列出主题
#   sh example.sh consume TOPIC [COUNT]    records from the start; without COUNT those that are there 从头读取
#   sh example.sh remove RESOURCE KEY      say in the inbox that what KEY names is no more 在收件箱中声明该主键已删除
set -eu

settings="$(dirname "$0")/client.properties"
# kcat reads the names that librdkafka has; the registry is none of them, idempotence is for writing alone, and some are Java's.
own="$(mktemp)"
trap 'rm -f "$own"' EXIT
grep -v -e '^schema\.registry\.url=' -e '^enable\.idempotence=' -e '^sasl\.jaas' -e '^ssl\.truststore' -e '^#' -e '^$' "$settings" > "$own"

case "${1:-} $#" in
"list 1")
	kcat -F "$own" -L
	;;
"consume 2" | "consume 3")
	# Of a value no more is shown than the schema's id, from its frame, and its length: example.py shows values.
	# 只显示帧头中的模式编号和值的长度；查看内容请用 example.py。
	kcat -q -F "$own" -C -t "$2" -o beginning -e ${3:+-c "$3"} -f '%k\tschema %s, %S bytes\n' -s 'value=>bI' |
		sed 's/schema 0/schema /'
	;;
"remove 3")
	printf '%s\t\n' "$3" | kcat -q -F "$own" -X enable.idempotence=true -P -t "$2.inbox" -K '\t' -Z
	;;
*)
	sed -n 's/^#   //p' "$0" >&2
	exit 2
	;;
esac
