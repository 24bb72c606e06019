// Safety: libFuzzer calls `LLVMFuzzerRunDriver`'s function on one thread, and lends it the bytes for the call.

import Glibc

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ body: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// Reads what libFuzzer gives. Its function has no place for it.
nonisolated(unsafe) private var read: (UnsafeRawBufferPointer) -> Void = { _ in }

/// `fuzz NAME [libFuzzer's arguments]` runs a target; `fuzz list` names them; `fuzz seeds NAME FOLDER` writes records as
/// this version writes them, to begin with.
@main
enum Fuzz {
  /// A target by its name.
  private struct Entry {
    let name: String
    let seeds: () -> [[UInt8]]
    let start: () -> (UnsafeRawBufferPointer) -> Void

    init<Target: FuzzTarget>(_: Target.Type) {
      name = Target.name
      seeds = { Target.seeds }
      start = {
        var target = Target()
        return { target.run($0) }
      }
    }
  }

  private static var entries: [Entry] {
    [
      Entry(DecoderTarget.self), Entry(MappedTarget.self), Entry(AvroTarget.self),
      Entry(AvroSchemaTarget.self), Entry(ProtobufTarget.self), Entry(ProtobufSchemaTarget.self),
    ]
  }

  static func main() {
    let arguments = CommandLine.arguments
    switch (arguments.dropFirst().first, arguments.count) {
    case ("list", 2): for entry in entries { print(entry.name) }
    case ("seeds", 4): writeSeeds(of: entry(arguments[2]), to: arguments[3])
    case (let name?, _): run(entry(name))
    case (nil, _): fail("a target's name is missing")
    }
  }

  private static func entry(_ name: String) -> Entry {
    guard let found = entries.first(where: { $0.name == name }) else {
      fail("there is no target \(name): \(entries.map(\.name).joined(separator: " "))")
    }
    return found
  }

  private static func run(_ entry: Entry) -> Never {
    read = entry.start()
    // libFuzzer sees the name of the target as the program's.
    var count = CommandLine.argc - 1
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
      CommandLine.unsafeArgv + 1
    exit(
      runDriver(&count, &arguments) { bytes, count in
        read(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
      })
  }

  private static func writeSeeds(of entry: Entry, to folder: String) {
    for (number, seed) in entry.seeds().enumerated() {
      guard let file = fopen("\(folder)/seed-\(number)", "w") else { fail("\(folder): not there") }
      fwrite(seed, 1, seed.count, file)
      fclose(file)
    }
  }

  private static func fail(_ problem: String) -> Never {
    let line = Array("fuzz: \(problem)\n".utf8)
    _ = Glibc.write(2, line, line.count)
    exit(2)
  }
}
