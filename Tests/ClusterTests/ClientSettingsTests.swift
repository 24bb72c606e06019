import Configuration
import Testing

@testable import Cluster

@Suite("Client settings")
struct ClientSettingsTests {
  @Test("State alone is written uncompressed, unless the configuration names a compression")
  func compression() {
    var configuration = Configuration()
    #expect(
      ClientSettings.topic(configuration.stateTopic, configuration)
        == ["compression.codec": "none"])
    for topic in [configuration.deltasTopic, configuration.topics.rollups] {
      #expect(ClientSettings.topic(topic, configuration).isEmpty)
    }
    for (name, value) in [
      "compression.type": "zstd", "compression.codec": "zstd", "batch.size": "2000000",
    ] {
      configuration.kafka = [name: value]
      #expect(ClientSettings.topic(configuration.stateTopic, configuration).isEmpty)
    }
  }
}
