// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal

/// Where objects are made of one snapshot.
final class ObjectBench {
  let directory: ExportedDirectory
  /// As the directory's, and notes what is asked for.
  private(set) var source: ExportSource
  private let writer: HSDSWriter
  let now: UInt64
  /// For what is finished here.
  let packer = ZstdPacker()
  private let steps: Steps

  private final class Steps { var trail = ObjectTrails.Trail() }

  init(_ directory: ExportedDirectory, now: UInt64) {
    self.directory = directory
    self.now = now
    let steps = Steps()
    let plain = directory.source
    self.steps = steps
    source = ExportSource(
      record: { text in
        if let id = RecordID(text: text) { steps.trail.reads.insert(id) }
        let record = try plain.record(text)
        if let record, record.id != text, let id = RecordID(text: record.id) {
          steps.trail.reads.insert(id)
        }
        return record
      },
      referring: { kind, field, text in
        if let id = RecordID(text: text) { steps.trail.asks.insert(id) }
        let records = try plain.referring(kind, field, text)
        for record in records {
          if let id = RecordID(text: record.id) { steps.trail.reads.insert(id) }
        }
        return records
      })
    writer = HSDSWriter(source: source, now: Int(clamping: now))
  }

  var today: CivilDate { BerlinTime.local(Int(clamping: now)).date }

  /// Puts an object together of all that belongs to it.
  ///
  /// - Parameter before: what was served of it.
  /// - Returns: `nil` for what is not served, and in any case what was looked at.
  /// - Throws: `StoreError`.
  func draft(
    _ record: ExportRecord, before: Catalogue.Item?
  ) throws -> (draft: ObjectDraft?, trail: ObjectTrails.Trail) {
    steps.trail = ObjectTrails.Trail()
    let json = try document(record)
    let service = try record["service_id"].flatMap { try source.record($0) }
    let draft = json.map {
      ObjectDraft(json: $0, record: record, service: service, before: before)
    }
    return (draft, steps.trail)
  }

  private func document(_ record: ExportRecord) throws -> JSONValue? {
    switch record.kind.name {
    case "taxonomy_term": writer.document(term: record)
    case "organization": try writer.document(organization: record)
    case "service": try writer.document(service: record)
    default: try writer.document(serviceAtLocation: record)
    }
  }
}
