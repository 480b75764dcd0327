// SPDX-License-Identifier: EUPL-1.2

/// Proofs that the hub showed two histories, kept in the state directory until somebody has looked.
extension StateDirectory {
  /// Keeps two pieces of evidence that contradict each other, unless such a pair is kept already.
  ///
  /// - Parameters:
  ///   - name: of the pair; letters, digits, dots and hyphens.
  ///   - one: what one file is to hold, and `other` the other.
  /// - Returns: whether the pair is new.
  /// - Throws: `StateDirectoryError`.
  package func keepEvidence(
    _ name: String, _ one: [UInt8], _ other: [UInt8]
  ) throws(StateDirectoryError) -> Bool {
    let names = ["a", "b"].map { "\(name)-\($0).json" }
    guard !Self.evidence(in: path).contains(names[1]) else { return false }
    // The second file makes the pair: one alone is written again.
    try write(one, to: "\(Self.evidence)/\(names[0])")
    try write(other, to: "\(Self.evidence)/\(names[1])")
    return true
  }

  /// What the kept evidence says, for `status`: a sentence for each pair.
  package static func alarms(in path: String) -> [String] {
    evidence(in: path).filter { $0.hasSuffix("-b.json") }.map { name in
      let pair = name.dropLast("-b.json".count)
      return "the hub signed two histories; the proof: kreisnetz log compare "
        + "\(path)/\(evidence)/\(pair)-a.json \(path)/\(evidence)/\(pair)-b.json"
    }
  }
}
