// Safety: rows lend bytes of the reader's current batch and of the decoder's scratch memory (see InputPartition.swift).

import Attribution
import Cluster
import Codec
import Inputs
import Kafka

/// From records to rows.
extension InputPartition {
  /// - Parameters:
  ///   - decoder, rows: this input's own, taken out once for the whole batch: every access to an object's
  ///     fields is checked.
  func decode(
    _ count: Int, _ kind: EventKind, with decoder: inout EventDecoder,
    into rows: inout RowBuffer, for task: AttributionTask?
  ) {
    let (stop, key, number) = (stop ?? .max, task?.key, UInt8(number))
    let (partitioner, own) = (kind == .cost ? nil : partitioner, partition.partition)
    let isRekeyed = sources != nil
    reader.visit(count: count) { record in
      guard record.offset < stop else { return false }
      let isNear = rows.count < AttributionTask.prefetchDistance
      let row = rows.add(kind)
      row.pointee.offset = record.offset
      if isRekeyed && record.key == nil {
        row.pointee.rejection = InputRow.words
        return true
      }
      var rejection = decoder.decode(
        record.value, recordTimestamp: record.timestamp, into: &row.pointee.event)
      if rejection?.reason == .malformedJSON, EventDecoder.isFramed(record.value) {
        rejection = decoder.decodeFramed(
          record.value, recordTimestamp: record.timestamp, into: &row.pointee.event)
      }
      if let rejection {
        rows.reject(rejection)
        return true
      }
      row.pointee.time = row.pointee.event.time
      row.pointee.event.input = number
      if let partitioner {
        let user = decoder.rawUser ?? row.pointee.event.userID
        row.pointee.isMisplaced = partitioner.partition(of: user) != own
      }
      guard let key else { return true }
      row.pointee.identity = EventIdentity(UnsafePointer(row).event, key)
      if isNear { task?.prefetch(row.pointee.identity, kind) }
      return true
    }
  }

  /// As the other, for records that are not in our own form: of any of the plan's kinds, or nobody's.
  func decodeMapped(
    _ count: Int, with decoder: inout InputDecoder, into rows: inout RowBuffer,
    for task: AttributionTask?
  ) throws {
    let (stop, key, number) = (stop ?? .max, task?.key, UInt8(number))
    let isRekeyed = sources != nil
    let (partitioner, own) = (partitioner, partition.partition)
    let needsHeaders = decoder.plan.needsHeaders
    var failure: SchemaUnavailable?
    reader.visit(count: count) { record in
      guard record.offset < stop else { return false }
      let isNear = rows.count < AttributionTask.prefetchDistance
      let row = rows.add(.click)
      row.pointee.offset = record.offset
      if isRekeyed && record.key == nil {
        row.pointee.rejection = InputRow.words
        return true
      }
      do throws(SchemaUnavailable) {
        let reading = try decoder.decode(
          InputRecord(record, withHeaders: needsHeaders), into: &row.pointee.event)
        switch reading {
        case .event: break
        case .filtered: row.pointee.rejection = InputRow.filtered
        case .rejected(let rejection): rows.reject(rejection)
        }
        guard reading == .event else { return true }
      } catch {
        failure = error
        return false
      }
      let kind = row.pointee.event.kind
      row.pointee.time = row.pointee.event.time
      row.pointee.event.input = number
      if kind != .cost, let partitioner {
        let user = decoder.rawUser ?? row.pointee.event.userID
        row.pointee.isMisplaced = partitioner.partition(of: user) != own
      }
      guard let key else { return true }
      row.pointee.identity = EventIdentity(UnsafePointer(row).event, key)
      if isNear { task?.prefetch(row.pointee.identity, kind) }
      return true
    }
    guard let failure else { return }
    // The records come again: the worker starts anew from what is committed, once somebody answers.
    rows.removeAll(reserving: 0)
    throw failure.requiresOperator ? OperatorError("\(partition): \(failure)") : failure
  }
}
