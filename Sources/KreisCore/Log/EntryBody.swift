// SPDX-License-Identifier: EUPL-1.2

/// What an entry does. Unknown kinds are kept and relayed, and take effect after an upgrade.
package enum EntryKind: Hashable, Sendable {
  case write
  case restate
  case erase
  case control
  case unknown(UInt8)

  package var code: UInt8 {
    switch self {
    case .write: 1
    case .restate: 2
    case .erase: 3
    case .control: 4
    case .unknown(let code): code
    }
  }

  package init(code: UInt8) {
    switch code {
    case 1: self = .write
    case 2: self = .restate
    case 3: self = .erase
    case 4: self = .control
    default: self = .unknown(code)
    }
  }
}

/// One register of a record: a field, or one element of a set field.
package struct Register: Hashable, Sendable, Comparable {
  package let tag: UInt32
  package let element: String?

  package init(tag: UInt32, element: String? = nil) {
    self.tag = tag
    self.element = element
  }

  package static func < (lhs: Register, rhs: Register) -> Bool {
    guard lhs.tag == rhs.tag else { return lhs.tag < rhs.tag }
    guard let left = lhs.element else { return rhs.element != nil }
    guard let right = rhs.element else { return false }
    return left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}

/// One write of an entry: what decides the merge. The value itself is in the entry's block.
package struct Write: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    /// The next value of the block belongs to this write.
    case value
    /// No value: a set's element is present, or a flag is set.
    case present
    /// The register is emptied.
    case withdrawn
  }

  package var register: Register
  package var content: Content
  /// The writes that the author saw and replaces, ascending.
  package var bases: [EntryReference]
  /// In a restate: the header to whose write the value belongs.
  package var origin: EntryReference?

  package init(
    register: Register, content: Content, bases: [EntryReference] = [],
    origin: EntryReference? = nil
  ) {
    self.register = register
    self.content = content
    self.bases = isPlanted(.unsortedBases) ? bases : bases.sorted()
    self.origin = origin
  }
}

/// The part of a header that travels: all that the receiver cannot recompute.
///
///     body   = recorded-at varint (seconds since 1970, < 2^48) ‖ entry kind 1 ‖ has block 1 (0, 1)
///            ‖ record kind varint (0: no record) ‖ record id 16 (unless record kind is 0)
///            ‖ number of writes varint ‖ write …
///            ‖ control length varint ‖ control bytes (a protobuf `Control`)
///     write  = field tag varint ‖ flags 1
///            ‖ element length varint, UTF-8 bytes      (flag 2)
///            ‖ origin 16                               (flag 8)
///            ‖ number of bases varint ‖ base 16 …      (ascending, each once)
///     flags  = 1 value · 2 element · 4 withdrawn · 8 origin
///
/// Varints are base 128, least significant group first, in their shortest form. One content has one
/// encoding, because the header's hash is taken over it (I2).
package struct EntryBody: Hashable, Sendable {
  package var recordedAt: UInt64
  package var kind: EntryKind
  package var hasBlock: Bool
  package var recordKind: UInt32
  /// `nil` exactly if `recordKind` is 0.
  package var record: RecordID?
  package var writes: [Write]
  package var control: [UInt8]

  /// An entry about a record.
  package init(
    recordedAt: UInt64, kind: EntryKind, recordKind: UInt32, record: RecordID, writes: [Write]
  ) {
    self.recordedAt = recordedAt
    self.kind = kind
    self.hasBlock = true
    self.recordKind = recordKind
    self.record = record
    self.writes = writes
    self.control = []
  }

  /// A control entry: its content stands in the header, there are no values.
  package init(recordedAt: UInt64, control: [UInt8]) {
    self.recordedAt = recordedAt
    self.kind = .control
    self.hasBlock = false
    self.recordKind = 0
    self.record = nil
    self.writes = []
    self.control = control
  }

  /// How many values the block holds.
  package var valueCount: Int { writes.count { $0.content == .value } }
}

extension EntryBody {
  private enum Flag {
    static let value: UInt8 = 1
    static let element: UInt8 = 2
    static let withdrawn: UInt8 = 4
    static let origin: UInt8 = 8
  }

  /// The canonical bytes.
  package func encoded() -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(40 + writes.count * 8 + control.count)
    out.appendVarint(recordedAt)
    out.append(kind.code)
    out.append(hasBlock ? 1 : 0)
    out.appendVarint(UInt64(recordKind))
    if let record {
      out.appendBigEndian(record.high)
      out.appendBigEndian(record.low)
    }
    out.appendVarint(UInt64(writes.count))
    for write in writes { Self.append(write, to: &out) }
    out.appendVarint(UInt64(control.count))
    out.append(contentsOf: control)
    return out
  }

  private static func append(_ write: Write, to out: inout [UInt8]) {
    out.appendVarint(UInt64(write.register.tag))
    var flags: UInt8 = 0
    if write.content == .value { flags |= Flag.value }
    if write.content == .withdrawn { flags |= Flag.withdrawn }
    if write.register.element != nil { flags |= Flag.element }
    if write.origin != nil { flags |= Flag.origin }
    out.append(flags)
    if let element = write.register.element {
      out.appendVarint(UInt64(element.utf8.count))
      out.append(contentsOf: element.utf8)
    }
    if let origin = write.origin {
      out.appendBigEndian(origin.high)
      out.appendBigEndian(origin.low)
    }
    out.appendVarint(UInt64(write.bases.count))
    for base in write.bases {
      out.appendBigEndian(base.high)
      out.appendBigEndian(base.low)
    }
  }

  /// Reads the canonical bytes, whole.
  ///
  /// - Throws: `MalformedBytes` for another form of the same content, for anything over the limits
  ///   of the format, and for contradictions between kind and content.
  package init(decoding bytes: [UInt8]) throws(MalformedBytes) {
    guard bytes.count <= Limits.body else {
      throw MalformedBytes("a header body of \(bytes.count) bytes, over \(Limits.body)")
    }
    var reader = ByteReader(bytes)
    recordedAt = try reader.varint()
    guard recordedAt < Limits.time else {
      throw MalformedBytes("recorded at \(recordedAt), which is no time")
    }
    kind = EntryKind(code: try reader.byte())
    let block = try reader.byte()
    guard block < 2 else { throw MalformedBytes("a flag that is neither 0 nor 1") }
    hasBlock = block == 1
    let recordKind = try reader.varint()
    guard let recordKind = UInt32(exactly: recordKind) else {
      throw MalformedBytes("record kind over 32 bits")
    }
    self.recordKind = recordKind
    if recordKind == 0 {
      record = nil
    } else {
      guard let id = RecordID(high: try reader.word(), low: try reader.word()) else {
        throw MalformedBytes("a record id that is not a version-8 UUID")
      }
      record = id
    }
    let count = try reader.count(upTo: Limits.writes, of: "writes")
    writes = []
    writes.reserveCapacity(count)
    var bases = 0
    for _ in 0..<count {
      let write = try Self.write(from: &reader)
      bases += write.bases.count
      writes.append(write)
    }
    guard bases <= Limits.bases else {
      throw MalformedBytes("\(bases) bases, more than the \(Limits.bases) allowed")
    }
    let length = try reader.count(upTo: Limits.control, of: "control bytes")
    control = Array(try reader.take(length))
    guard reader.isAtEnd else { throw MalformedBytes("bytes after the end of a header body") }
    try checkKind()
  }

  private static func write(from reader: inout ByteReader) throws(MalformedBytes) -> Write {
    guard let tag = UInt32(exactly: try reader.varint()), tag != 0 else {
      throw MalformedBytes("a field tag of 0 or over 32 bits")
    }
    let flags = try reader.byte()
    guard flags < 16 else { throw MalformedBytes("unknown flags in a write") }
    let content: Write.Content
    switch flags & (Flag.value | Flag.withdrawn) {
    case 0: content = .present
    case Flag.value: content = .value
    case Flag.withdrawn: content = .withdrawn
    default: throw MalformedBytes("a write that both carries and withdraws a value")
    }
    var element: String?
    if flags & Flag.element != 0 {
      let length = try reader.count(upTo: Limits.element, of: "bytes of an element")
      guard let text = String(validating: try reader.take(length), as: UTF8.self), !text.isEmpty
      else { throw MalformedBytes("an element that is empty or not UTF-8") }
      element = text
    }
    let origin = flags & Flag.origin != 0 ? try reader.reference() : nil
    let count = try reader.count(upTo: Limits.bases, of: "bases")
    var bases: [EntryReference] = []
    bases.reserveCapacity(count)
    for _ in 0..<count {
      let base = try reader.reference()
      if let last = bases.last, last >= base {
        throw MalformedBytes("bases that are not in ascending order")
      }
      bases.append(base)
    }
    return Write(
      decoded: Register(tag: tag, element: element), content: content, bases: bases,
      origin: origin)
  }

  private func checkKind() throws(MalformedBytes) {
    switch kind {
    case .write:
      guard record != nil, hasBlock, control.isEmpty, !writes.isEmpty,
        writes.allSatisfy({ $0.origin == nil })
      else { throw MalformedBytes("a write entry with the wrong parts") }
    case .restate:
      guard record != nil, hasBlock, control.isEmpty,
        writes.allSatisfy({ $0.origin != nil && $0.content == .value && $0.bases.isEmpty })
      else { throw MalformedBytes("a restate entry with the wrong parts") }
    case .erase:
      guard record != nil, hasBlock, control.isEmpty, writes.isEmpty else {
        throw MalformedBytes("an erase entry with the wrong parts")
      }
    case .control:
      guard record == nil, !hasBlock, writes.isEmpty, !control.isEmpty else {
        throw MalformedBytes("a control entry with the wrong parts")
      }
    case .unknown: break
    }
  }
}

extension Write {
  /// For bases known to be in order.
  fileprivate init(
    decoded register: Register, content: Content, bases: [EntryReference], origin: EntryReference?
  ) {
    self.register = register
    self.content = content
    self.bases = bases
    self.origin = origin
  }
}
