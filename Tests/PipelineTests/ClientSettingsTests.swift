import Configuration
import Testing

@testable import Pipeline

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
    for name in ["compression.type", "compression.codec"] {
      configuration.kafka = [name: "zstd"]
      #expect(ClientSettings.topic(configuration.stateTopic, configuration).isEmpty)
    }
  }
}
