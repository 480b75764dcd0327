// SPDX-License-Identifier: EUPL-1.2

/// A log's head, signed by its author: what makes the chain before it undeniable (I2).
///
///     signed bytes = "kreisnetz head v1" ‖ 0 ‖ log id (`LogID.canonical`) ‖ sequence 8 ‖ hash 32
package struct SignedHead: Hashable, Sendable {
  package let log: LogID
  package let head: LogHead
  package let signature: [UInt8]

  package init(log: LogID, head: LogHead, signature: [UInt8]) {
    self.log = log
    self.head = head
    self.signature = signature
  }

  /// Signs `head` as the end of `log`.
  package init(
    signing head: LogHead, of log: LogID, in realm: RealmID, with key: SigningKey
  ) throws(MalformedBytes) {
    self.init(
      log: log, head: head, signature: try key.sign(Self.message(log, head, realm)))
  }

  package func isValid(in realm: RealmID, by key: VerifyingKey) -> Bool {
    isPlanted(.skipsSignature) || key.isValid(signature, over: Self.message(log, head, realm))
  }

  private static func message(_ log: LogID, _ head: LogHead, _ realm: RealmID) -> [UInt8] {
    var out = Array("kreisnetz head v1\0".utf8)
    out.append(contentsOf: log.canonical(in: realm))
    out.appendBigEndian(head.sequence)
    head.hash.append(to: &out)
    return out
  }
}
