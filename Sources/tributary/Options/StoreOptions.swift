import ArgumentParser
import ObjectStore

/// Which queue or objects to take, and how the store is reached.
struct StoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An SQS queue with notifications of created objects, to be taken until SIGTERM.",
      valueName: "url"))
  var queue: String?

  @Option(
    help: ArgumentHelp(
      "An object store other than AWS' S3; buckets stand in the path. Default: AWS_ENDPOINT_URL_S3.",
      valueName: "url"))
  var endpoint: String?

  @Option(help: "Region of the object store; default: by environment, profile or queue.")
  var region: String?

  @Flag(help: "Have buckets stand in the path of URLs with AWS' S3, too.")
  var pathStyle = false

  @Option(
    help: ArgumentHelp(
      "Write reports about objects with unusable records there.", valueName: "s3://bucket/prefix"))
  var rejected: String?

  @Option(help: "Objects that are looked at at a time, 1 to 64.")
  var parallel = 4

  @Flag(help: "With --queue: stop when the queue has nothing more to give.")
  var exitAtEnd = false

  func validate() throws {
    if let queue, QueueAddress(queue) == nil {
      throw ValidationError(
        "--queue takes the URL of an SQS queue, as in https://sqs.eu-west-1.amazonaws.com/123456789012/objects."
      )
    }
    if let endpoint, !ObjectStoreOptions.isEndpoint(endpoint) {
      throw ValidationError("--endpoint takes http://HOST:PORT or https://HOST:PORT.")
    }
    if let rejected, ObjectPrefix(rejected) == nil {
      throw ValidationError("--rejected takes s3://BUCKET/PREFIX, not \(rejected).")
    }
    if !(1...64).contains(parallel) { throw ValidationError("--parallel must be from 1 to 64.") }
  }

  var options: ObjectStoreOptions {
    var store = ObjectStoreOptions()
    store.endpoint = endpoint
    store.region = region
    store.usesPaths = pathStyle
    store.reports = rejected.flatMap { ObjectPrefix($0) }
    store.parallel = parallel
    store.stopsAtEnd = exitAtEnd
    return store
  }
}
