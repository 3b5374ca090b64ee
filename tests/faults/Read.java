import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Prints all committed records of some topics' first partitions: topic, timestamp, key and value in base64, count of headers.
 * How to get in comes by standard input, as properties: a command line is everybody's to read.
 */
public class Read {
    public static void main(String[] topics) throws IOException {
        Properties settings = new Properties();
        settings.load(System.in);
        settings.put("isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (String topic : topics) {
                partitions.add(new TopicPartition(topic, 0));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    System.out.println(String.join(" ", record.topic(), Long.toString(record.timestamp()), text(record.key()), text(record.value()),
                            Integer.toString(record.headers().toArray().length)));
                }
            }
        }
    }

    static String text(byte[] content) {
        return content == null ? "-" : Base64.getEncoder().encodeToString(content) + ".";
    }
}
