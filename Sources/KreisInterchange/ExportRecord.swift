// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// A record as one sort of readers may see it, for the writers of formats other than rows.
package struct ExportRecord: Sendable {
  package let id: String
  package let kind: RecordKind
  package let packed: PackedRecord

  package init(id: String, _ packed: PackedRecord, kind: RecordKind) {
    (self.id, self.kind, self.packed) = (id, kind, packed)
  }

  /// - Parameters:
  ///   - values: canonical values by the names of their fields; of a set all elements.
  ///   - isPlaceProtected: whether some scope says so, also one that these values are not from.
  package init(
    id: String, kind: RecordKind, values: [String: [String]], isPlaceProtected: Bool = false,
    modified: UInt64 = 0
  ) {
    let all = values.flatMap { name, texts in
      kind.index(named: name).map { index in texts.map { (index, $0) } } ?? []
    }
    let packed = PackedRecord(
      kind: kind.tag, all, isPlaceProtected: isPlaceProtected, modified: modified)
    self.init(id: id, packed, kind: kind)
  }

  package var isEmpty: Bool { packed.isEmpty }
  /// Whether the place must not be handed out, whoever may read it here: a women's shelter.
  package var isPlaceProtected: Bool { packed.isPlaceProtected }
  /// When somebody last wrote what these readers see of it, seconds since 1970.
  package var modified: UInt64 { packed.modified }

  /// The value of a field; of a set its first element.
  package subscript(field: String) -> String? {
    kind.index(named: field).flatMap { packed.first(of: $0) }
  }

  package func elements(_ field: String) -> [String] {
    kind.index(named: field).map { packed.all(of: $0) } ?? []
  }

  /// The fields that have a value, in the order of the kind's.
  package var fields: [Field] { packed.fields.map { kind.fields[$0] } }

  /// How a field's value reads for people.
  func display(_ field: String) -> String? {
    guard let value = self[field] else { return nil }
    return (try? kind.field(named: field))?.display(value) ?? value
  }

  /// The values of all fields that are no sets.
  var singleValues: [String: String] {
    var out: [String: String] = [:]
    for field in fields where !field.isSet { out[field.name] = self[field.name] }
    return out
  }
}

/// What an `ExportRecord` says but its id, in one piece of memory: whoever needs many of them at hand
/// keeps these.
package struct PackedRecord: Sendable, Hashable {
  /// Its tag.
  package let kind: UInt32
  package let isPlaceProtected: Bool
  package let modified: UInt64
  /// Of each value where its field stands among the kind's, its length, both with the least significant
  /// byte first, and its UTF-8; ascending, each once.
  private let bytes: [UInt8]

  private static let headSize = 6

  /// - Parameter values: canonical values, and where their fields stand among the kind's.
  package init(
    kind: UInt32, _ values: [(field: Int, text: String)], isPlaceProtected: Bool, modified: UInt64
  ) {
    (self.kind, self.isPlaceProtected, self.modified) = (kind, isPlaceProtected, modified)
    let sorted = values.sorted { $0 < $1 }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(sorted.reduce(0) { $0 + Self.headSize + $1.text.utf8.count })
    for (place, value) in sorted.enumerated() {
      if place > 0, sorted[place - 1] == value { continue }
      withUnsafeBytes(of: UInt16(clamping: value.field).littleEndian) { bytes += $0 }
      withUnsafeBytes(of: UInt32(clamping: value.text.utf8.count).littleEndian) { bytes += $0 }
      bytes += value.text.utf8
    }
    self.bytes = bytes
  }

  package var isEmpty: Bool { bytes.isEmpty }
  /// Bytes that it takes.
  package var size: Int { bytes.count }

  /// Visits the values until one is the last to be looked at.
  private func each(_ goOn: (_ field: Int, _ text: UnsafeRawBufferPointer) -> Bool) {
    bytes.withUnsafeBytes { all in
      var place = 0
      while place + Self.headSize <= all.count {
        let field = UInt16(littleEndian: all.loadUnaligned(fromByteOffset: place, as: UInt16.self))
        let length = UInt32(
          littleEndian: all.loadUnaligned(fromByteOffset: place + 2, as: UInt32.self))
        let start = place + Self.headSize
        place = start + Int(length)
        guard goOn(Int(field), UnsafeRawBufferPointer(rebasing: all[start..<place])) else { return }
      }
    }
  }

  fileprivate func first(of field: Int) -> String? {
    var out: String?
    each { here, text in
      if here == field { out = String(decoding: text, as: UTF8.self) }
      return here < field
    }
    return out
  }

  fileprivate func all(of field: Int) -> [String] {
    var out: [String] = []
    each { here, text in
      if here == field { out.append(String(decoding: text, as: UTF8.self)) }
      return here <= field
    }
    return out
  }

  /// Where the fields that have a value stand among the kind's.
  fileprivate var fields: [Int] {
    var out: [Int] = []
    each { field, _ in
      if out.last != field { out.append(field) }
      return true
    }
    return out
  }
}

/// Where a writer finds the records that belong to the one it writes.
package struct ExportSource {
  /// The record with this id; `nil` if there is none that may be handed out.
  package let record: (_ id: String) throws -> ExportRecord?
  /// The records of a kind whose field refers to the record with this id.
  package let referring: (_ kind: String, _ field: String, _ id: String) throws -> [ExportRecord]

  package init(
    record: @escaping (_ id: String) throws -> ExportRecord?,
    referring: @escaping (_ kind: String, _ field: String, _ id: String) throws -> [ExportRecord]
  ) {
    self.record = record
    self.referring = referring
  }

  /// The record that a field refers to.
  func target(_ field: String, of record: ExportRecord) throws -> ExportRecord? {
    try record[field].flatMap { try self.record($0) }
  }
}

extension ExportSource {
  /// Whether a location or the organization that it belongs to is protected.
  func isPlaceProtected(_ location: ExportRecord) throws -> Bool {
    if location.isPlaceProtected { return true }
    return try target("organization_id", of: location)?.isPlaceProtected ?? false
  }
}

/// What became of a record in an export.
package enum ExportResult: Hashable, Sendable {
  case written([UInt8])
  /// Why the format cannot say it, as a sentence.
  case leftOut(String)
}
