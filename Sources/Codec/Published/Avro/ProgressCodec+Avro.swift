import Attribution

extension ProgressCodec {
  /// Appends a progress record's value in Avro.
  ///
  /// - Parameter schema: its number at the schema registry.
  public static func encodeAvro(
    _ progress: PublishedProgress, schema: Int32, into output: inout [UInt8]
  ) {
    output.put(avroFrame: schema)
    output.put(avroLong: progress.finalThrough)
    output.put(avroLong: progress.epoch == nil ? 0 : 1)
    if let epoch = progress.epoch { output.put(avroText: epoch) }
    if !progress.lost.isEmpty {
      output.put(avroLong: Int64(progress.lost.count))
      for range in progress.lost { put(range, into: &output) }
    }
    output.put(avroLong: 0)
  }

  private static func put(_ range: LostRange, into output: inout [UInt8]) {
    output.put(avroText: range.topic)
    output.put(avroLong: Int64(range.partition))
    output.put(avroLong: range.from)
    output.put(avroLong: range.to)
    for time in [range.after, range.before] {
      output.put(avroLong: time == nil ? 0 : 1)
      if let time { output.put(avroLong: time) }
    }
  }
}
