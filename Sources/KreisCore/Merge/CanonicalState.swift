// SPDX-License-Identifier: EUPL-1.2

extension ScopeState {
  /// One record's state in one scope as bytes, for comparing replicas. Equal states are equal bytes.
  ///
  ///     record id 16 ‖ kind varint ‖ registers varint ‖ for each, ascending:
  ///       tag varint ‖ element length varint ‖ element ‖ heads varint ‖ for each, winner first:
  ///         header hash 32 ‖ content 1 ‖ value length + 1 varint (0: none) ‖ value
  package func canonical(of record: RecordID) -> [UInt8] {
    var out = record.bytes
    out.appendVarint(UInt64(kind))
    out.appendVarint(UInt64(registers.count))
    for (register, heads) in registers {
      out.appendVarint(UInt64(register.tag))
      let element = register.element.map { Array($0.utf8) } ?? []
      out.appendVarint(UInt64(element.count))
      out += element
      out.appendVarint(UInt64(heads.count))
      for head in heads {
        head.hash.append(to: &out)
        out.append(head.content.code)
        let value = head.value.map { Array($0.utf8) }
        out.appendVarint(UInt64(value.map { $0.count + 1 } ?? 0))
        out += value ?? []
      }
    }
    return out
  }
}

extension Write.Content {
  fileprivate var code: UInt8 {
    switch self {
    case .value: 1
    case .present: 2
    case .withdrawn: 3
    }
  }
}
