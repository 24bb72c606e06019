import Files
import Synchronization

/// A message, and what was found of its objects.
final class MessageTask: Sendable {
  let message: QueueMessage
  /// Why it cannot be used; nil if it can.
  let problem: String?
  /// What a message without objects is.
  let remark: String
  let surveys: [PendingSurvey]

  init(_ message: QueueMessage, _ pool: SurveyPool, _ folder: ObjectFolder) {
    self.message = message
    var problem: String?
    var remark = ""
    var surveys: [PendingSurvey] = []
    do throws(ObjectNotification.Unreadable) {
      switch try ObjectNotification(message.body) {
      case .test: remark = "the queue works: S3 has sent its test event"
      case .objects(let objects):
        remark = "a message of the queue names no object to take"
        surveys = objects.filter { !folder.isReport($0.object) }.map { created in
          if let region = created.region {
            folder.client.suppose(created.object.bucket, isIn: region)
          }
          return pool.submit(folder.file(created.object, etag: created.etag))
        }
      }
    } catch {
      problem = error.description
    }
    self.problem = problem
    self.remark = remark
    self.surveys = surveys
  }

  /// Whether all its objects have been looked at.
  var isReady: Bool { surveys.allSatisfy(\.isOver) }
}

/// Messages in the order in which they came. One thread appends, another takes.
final class MessageLine: Sendable {
  private let pool: SurveyPool
  private let folder: ObjectFolder
  private let tasks = Mutex<[MessageTask]>([])

  init(_ pool: SurveyPool, _ folder: ObjectFolder) {
    self.pool = pool
    self.folder = folder
  }

  func append(_ message: QueueMessage) {
    let task = MessageTask(message, pool, folder)
    tasks.withLock { $0.append(task) }
  }

  var first: MessageTask? { tasks.withLock { $0.first } }

  func removeFirst() { tasks.withLock { _ = $0.removeFirst() } }

  /// Takes out all messages of a group.
  func remove(group: String) -> [MessageTask] {
    tasks.withLock { tasks in
      let found = tasks.filter { $0.message.group == group }
      tasks.removeAll { $0.message.group == group }
      for task in found { for survey in task.surveys { survey.giveUp() } }
      return found
    }
  }
}
