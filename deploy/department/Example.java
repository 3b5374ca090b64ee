import static java.time.format.DateTimeFormatter.ISO_LOCAL_DATE_TIME;
import static java.time.format.DateTimeFormatter.ISO_LOCAL_TIME;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Publish rows into an inbox, and read a resource, with nothing but the jars that come with Apache Kafka.
 * 仅用 Apache Kafka 自带的 jar 发布到收件箱、读取资源。
 *
 * <pre>
 * java -cp '../.kafka/libs/*' Example.java produce RESOURCE ROWS.ndjson
 * java -cp '../.kafka/libs/*' Example.java consume RESOURCE [COUNT]
 * </pre>
 *
 * A value is Confluent's frame, a zero byte and the schema's id in four, and then Avro. Where Confluent's KafkaAvroSerializer is at
 * hand, it does all of this by itself with `schema.registry.url` set to the node.
 * 值的格式：一个零字节、四字节的模式编号，然后是 Avro。若有 Confluent 的 KafkaAvroSerializer，配置 schema.registry.url 即可，无需自行编码。
 */
public class Example {
    static final ObjectMapper JSON = new ObjectMapper();
    static HttpClient http;
    static String authorization;
    static final String KEY_SEPARATOR = "\u001f";

    public static void main(String[] words) throws Exception {
        Properties settings = new Properties();
        try (var file = Files.newBufferedReader(Path.of("client.properties"))) {
            settings.load(file);
        }
        String registry = (String) settings.remove("schema.registry.url");
        http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(trusting(System.getenv("EXCHANGE_NODE_CA_FILE"))).build();
        authorization = "Bearer " + token(System.getenv("EXCHANGE_NODE_TOKEN_FILE"));
        if (words.length == 3 && words[0].equals("produce")) {
            produce(settings, registry, words[1], Path.of(words[2]));
        } else if ((words.length == 2 || words.length == 3) && words[0].equals("consume")) {
            consume(settings, registry, words[1], words.length == 3 ? Long.parseLong(words[2]) : Long.MAX_VALUE);
        } else {
            System.err.println("java -cp '../.kafka/libs/*' Example.java produce RESOURCE ROWS.ndjson | consume RESOURCE [COUNT]");
            System.exit(2);
        }
    }

    /** Publishes each line of a file, a JSON object, as a record of the resource. 逐行发布。 */
    static void produce(Properties settings, String registry, String resource, Path rows) throws Exception {
        String inbox = resource + ".inbox";
        JsonNode registered = get(registry + "/subjects/" + inbox + "-value/versions/latest");
        int id = registered.get("id").intValue();
        JsonNode schema = JSON.readTree(registered.get("schema").textValue());
        List<Future<RecordMetadata>> written = new ArrayList<>();
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
                var lines = Files.lines(rows)) {
            for (String line : (Iterable<String>) lines::iterator) {
                JsonNode row = JSON.readTree(line);
                var value = new Writer(id);
                value.write(schema, row);
                // The key is the text of the schema's key fields: a later record of the same key follows in order. 键为主键字段的文本。
                List<String> key = new ArrayList<>();
                schema.path("key").forEach(name -> key.add(row.path(name.textValue()).asText()));
                String text = key.isEmpty() ? null : String.join(KEY_SEPARATOR, key);
                written.add(producer.send(new ProducerRecord<>(inbox, text, value.bytes())));
                if (written.size() == 10_000) {
                    await(written);
                }
            }
            producer.flush();
            await(written);
        }
    }

    /** Fails if a record was not written. */
    static void await(List<Future<RecordMetadata>> written) throws Exception {
        for (var one : written) {
            one.get();
        }
        written.clear();
    }

    /** Prints each record, for ever or until there were so many. 逐条打印。 */
    static void consume(Properties settings, String registry, String topic, long count) throws Exception {
        Map<Integer, JsonNode> schemas = new HashMap<>();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            for (long handled = 0; handled < count; ) {
                Map<TopicPartition, OffsetAndMetadata> done = new HashMap<>();
                for (ConsumerRecord<String, byte[]> one : consumer.poll(Duration.ofSeconds(1))) {
                    if (handled == count) {
                        break;
                    }
                    ObjectNode shown = JSON.createObjectNode().put("key", one.key());
                    shown.set("value", value(schemas, registry, topic, one.value()));
                    System.out.println(shown);
                    handled++;
                    done.put(new TopicPartition(topic, one.partition()), new OffsetAndMetadata(one.offset() + 1));
                }
                // Commit what was handled, and it is read again after a crash at most; where that must not be, keep the offset with
                // your data. 处理后再提交：崩溃后至多重读；若不允许重复，请把位点与业务数据存在一起。
                consumer.commitSync(done);
            }
        }
    }

    /** A record's value as JSON; null says that what its key names is no more. 没有值的记录表示该主键已删除。 */
    static JsonNode value(Map<Integer, JsonNode> schemas, String registry, String topic, byte[] bytes) throws Exception {
        if (bytes == null) {
            return null;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (in.get() != 0) {
            throw new IllegalArgumentException("the value is not in Confluent's frame");
        }
        int id = in.getInt();
        JsonNode schema = schemas.get(id);
        if (schema == null) {
            JsonNode registered = get(registry + "/schemas/ids/" + id + "?subject=" + topic + "-value");
            schema = JSON.readTree(registered.get("schema").textValue());
            schemas.put(id, schema);
        }
        return new Reader(in).read(schema);
    }

    /** The token with which the registry is asked. 向注册中心出示的令牌。 */
    static String token(String file) throws Exception {
        if (file == null) {
            throw new IllegalStateException("name the file of your token: export EXCHANGE_NODE_TOKEN_FILE=… / 请指明令牌文件");
        }
        return Files.readString(Path.of(file)).strip();
    }

    /** Trusts the authorities in a PEM file, those that Java knows without one. 信任文件中的证书机构；不指定时信任 Java 自带的机构。 */
    static SSLContext trusting(String file) throws Exception {
        if (file == null) {
            return SSLContext.getDefault();
        }
        var known = KeyStore.getInstance(KeyStore.getDefaultType());
        known.load(null);
        try (var in = Files.newInputStream(Path.of(file))) {
            for (var one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                known.setCertificateEntry("authority-" + known.size(), one);
            }
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(known);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    /** Asks the registry. */
    static JsonNode get(String url) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).header("Authorization", authorization).build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(url + ": " + answer.body());
        }
        return JSON.readTree(answer.body());
    }

    /** The names of types that were defined in a schema and may be used again by name. */
    abstract static class Names {
        private final Map<String, JsonNode> named = new HashMap<>();

        JsonNode resolved(JsonNode schema, String namespace) {
            if (schema.isTextual() && named.containsKey(full(schema.textValue(), namespace))) {
                return named.get(full(schema.textValue(), namespace));
            }
            if (schema.has("name")) {
                named.put(full(schema.get("name").textValue(), schema.path("namespace").asText(namespace)), schema);
            }
            return schema;
        }

        static String full(String name, String namespace) {
            return name.contains(".") || namespace.isEmpty() ? name : namespace + "." + name;
        }

        static String inside(JsonNode record, String namespace) {
            String full = full(record.get("name").textValue(), record.path("namespace").asText(namespace));
            return full.contains(".") ? full.substring(0, full.lastIndexOf('.')) : "";
        }

        static String kind(JsonNode schema) {
            return schema.isArray() ? "union" : schema.isTextual() ? schema.textValue() : schema.get("type").asText();
        }
    }

    /** Writes JSON as Avro: days, times and decimals from their text. */
    static class Writer extends Names {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Writer(int id) {
            out.write(0);
            out.writeBytes(ByteBuffer.allocate(4).putInt(id).array());
        }

        byte[] bytes() {
            return out.toByteArray();
        }

        void write(JsonNode schema, JsonNode value) {
            write(schema, value, "");
        }

        private void write(JsonNode given, JsonNode value, String namespace) {
            JsonNode schema = resolved(given, namespace);
            String logical = schema.path("logicalType").asText("");
            switch (kind(schema)) {
                case "null" -> { }
                case "boolean" -> out.write(value.booleanValue() ? 1 : 0);
                case "int", "long" -> number(whole(value, logical));
                case "float" -> out.writeBytes(little(4).putFloat(value.floatValue()).array());
                case "double" -> out.writeBytes(little(8).putDouble(value.doubleValue()).array());
                case "string" -> sized(value.textValue().getBytes(StandardCharsets.UTF_8));
                case "bytes" -> sized(binary(schema, value, logical));
                case "fixed" -> fixed(binary(schema, value, logical), schema.get("size").intValue());
                case "enum" -> number(place(schema.get("symbols"), value));
                case "union" -> union(schema, value, namespace);
                case "array" -> {
                    if (!value.isEmpty()) {
                        number(value.size());
                    }
                    value.forEach(item -> write(schema.get("items"), item, namespace));
                    number(0);
                }
                case "map" -> {
                    if (!value.isEmpty()) {
                        number(value.size());
                    }
                    value.fields().forEachRemaining(entry -> {
                        sized(entry.getKey().getBytes(StandardCharsets.UTF_8));
                        write(schema.get("values"), entry.getValue(), namespace);
                    });
                    number(0);
                }
                case "record" -> {
                    for (JsonNode field : schema.get("fields")) {
                        String name = field.get("name").textValue();
                        JsonNode one = value.has(name) ? value.get(name) : field.get("default");
                        if (one == null) {
                            throw new IllegalArgumentException(name + ": the row has no such field, and it has no default");
                        }
                        write(field.get("type"), one, inside(schema, namespace));
                    }
                }
                default -> throw new IllegalArgumentException("no such type in this example: " + kind(schema));
            }
        }

        /** Null where the value is null, else the first other branch: as unions stand in the catalogue. */
        private void union(JsonNode branches, JsonNode value, String namespace) {
            int index = 0;
            while (kind(branches.get(index)).equals("null") != value.isNull()) {
                index++;
            }
            number(index);
            write(branches.get(index), value, namespace);
        }

        private static long whole(JsonNode value, String logical) {
            if (!value.isTextual()) {
                return value.longValue();
            }
            String text = value.textValue();
            return switch (logical) {
                case "date" -> LocalDate.parse(text).toEpochDay();
                case "time-millis" -> LocalTime.parse(text).toNanoOfDay() / 1_000_000;
                case "time-micros" -> LocalTime.parse(text).toNanoOfDay() / 1000;
                case "timestamp-millis" -> OffsetDateTime.parse(text).toInstant().toEpochMilli();
                case "timestamp-micros" -> ChronoUnit.MICROS.between(Instant.EPOCH, OffsetDateTime.parse(text).toInstant());
                case "local-timestamp-millis" -> LocalDateTime.parse(text).toInstant(ZoneOffset.UTC).toEpochMilli();
                case "local-timestamp-micros" -> ChronoUnit.MICROS.between(Instant.EPOCH, LocalDateTime.parse(text).toInstant(ZoneOffset.UTC));
                default -> throw new IllegalArgumentException("a number is written without quotes");
            };
        }

        private static byte[] binary(JsonNode schema, JsonNode value, String logical) {
            return logical.equals("decimal")
                    ? new BigDecimal(value.asText()).setScale(schema.path("scale").asInt(0)).unscaledValue().toByteArray()
                    : Base64.getDecoder().decode(value.textValue());
        }

        private static long place(JsonNode symbols, JsonNode value) {
            for (int index = 0; index < symbols.size(); index++) {
                if (symbols.get(index).equals(value)) {
                    return index;
                }
            }
            throw new IllegalArgumentException("none of the symbols " + symbols);
        }

        /** A decimal keeps its number however long the fixed is: the sign goes before it. */
        private void fixed(byte[] bytes, int size) {
            int more = size - bytes.length;
            if (more < 0) {
                throw new IllegalArgumentException(bytes.length + " bytes do not fit a fixed of " + size);
            }
            for (; more > 0; more--) {
                out.write(bytes[0] < 0 ? 0xff : 0);
            }
            out.writeBytes(bytes);
        }

        private void sized(byte[] bytes) {
            number(bytes.length);
            out.writeBytes(bytes);
        }

        /** Zigzag, seven bits to a byte, the lowest first. */
        private void number(long value) {
            long rest = (value << 1) ^ (value >> 63);
            for (; (rest & ~0x7fL) != 0; rest >>>= 7) {
                out.write((int) (rest & 0x7f | 0x80));
            }
            out.write((int) rest);
        }

        private static ByteBuffer little(int size) {
            return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** Reads Avro as JSON: days, times and decimals as text. */
    static class Reader extends Names {
        private final ByteBuffer in;

        Reader(ByteBuffer in) {
            this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        }

        JsonNode read(JsonNode schema) {
            return read(schema, "");
        }

        private JsonNode read(JsonNode given, String namespace) {
            JsonNode schema = resolved(given, namespace);
            String logical = schema.path("logicalType").asText("");
            return switch (kind(schema)) {
                case "null" -> JSON.nullNode();
                case "boolean" -> JSON.getNodeFactory().booleanNode(in.get() == 1);
                case "int", "long" -> whole(number(), logical);
                case "float" -> JSON.getNodeFactory().numberNode(in.getFloat());
                case "double" -> JSON.getNodeFactory().numberNode(in.getDouble());
                case "string" -> text(new String(bytes((int) number()), StandardCharsets.UTF_8));
                case "bytes" -> binary(bytes((int) number()), schema, logical);
                case "fixed" -> binary(bytes(schema.get("size").intValue()), schema, logical);
                case "enum" -> schema.get("symbols").get((int) number());
                case "union" -> read(schema.get((int) number()), namespace);
                case "array" -> {
                    ArrayNode items = JSON.createArrayNode();
                    for (long left = block(); left > 0; left = left > 1 ? left - 1 : block()) {
                        items.add(read(schema.get("items"), namespace));
                    }
                    yield items;
                }
                case "map" -> {
                    ObjectNode entries = JSON.createObjectNode();
                    for (long left = block(); left > 0; left = left > 1 ? left - 1 : block()) {
                        String name = new String(bytes((int) number()), StandardCharsets.UTF_8);
                        entries.set(name, read(schema.get("values"), namespace));
                    }
                    yield entries;
                }
                case "record" -> {
                    ObjectNode record = JSON.createObjectNode();
                    for (JsonNode field : schema.get("fields")) {
                        record.set(field.get("name").textValue(), read(field.get("type"), inside(schema, namespace)));
                    }
                    yield record;
                }
                default -> throw new IllegalArgumentException("no such type in this example: " + kind(schema));
            };
        }

        private static JsonNode whole(long value, String logical) {
            return switch (logical) {
                case "date" -> text(LocalDate.ofEpochDay(value).toString());
                case "time-millis" -> text(LocalTime.ofNanoOfDay(value * 1_000_000).format(ISO_LOCAL_TIME));
                case "time-micros" -> text(LocalTime.ofNanoOfDay(value * 1000).format(ISO_LOCAL_TIME));
                case "timestamp-millis" -> text(Instant.ofEpochMilli(value).toString());
                case "timestamp-micros" -> text(Instant.EPOCH.plus(value, ChronoUnit.MICROS).toString());
                case "local-timestamp-millis" -> text(local(Instant.ofEpochMilli(value)));
                case "local-timestamp-micros" -> text(local(Instant.EPOCH.plus(value, ChronoUnit.MICROS)));
                default -> JSON.getNodeFactory().numberNode(value);
            };
        }

        private static String local(Instant time) {
            return LocalDateTime.ofInstant(time, ZoneOffset.UTC).format(ISO_LOCAL_DATE_TIME);
        }

        private static JsonNode binary(byte[] bytes, JsonNode schema, String logical) {
            return text(
                    logical.equals("decimal")
                            ? new BigDecimal(new BigInteger(bytes), schema.path("scale").asInt(0)).toPlainString()
                            : Base64.getEncoder().encodeToString(bytes));
        }

        private static JsonNode text(String text) {
            return JSON.getNodeFactory().textNode(text);
        }

        /** How many items follow; a negative count is followed by the block's size, which nobody needs who reads it all. */
        private long block() {
            long count = number();
            if (count < 0) {
                number();
            }
            return Math.abs(count);
        }

        private long number() {
            long raw = 0;
            int shift = 0;
            byte one;
            do {
                one = in.get();
                raw |= (long) (one & 0x7f) << shift;
                shift += 7;
            } while (one < 0);
            return (raw >>> 1) ^ -(raw & 1);
        }

        private byte[] bytes(int count) {
            byte[] taken = new byte[count];
            in.get(taken);
            return taken;
        }
    }
}
