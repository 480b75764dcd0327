// SPDX-License-Identifier: EUPL-1.2

/// A realm for pilots and courses, marked so that nobody takes it for the real directory.
///
/// The mark is the beginning of the Kreis's name. The root key certifies that name, every member's
/// replica and every invite has it, and a hub that is rebuilt from its root key gets it back, so the
/// mark can neither be lost nor be put on a realm later. That nothing of a training realm gets into a
/// live one needs no mark: each is a realm of its own, with its own root key.
package enum TrainingRealm {
  /// How a training realm's Kreis is called, and what stands before names that leave the house.
  package static let mark = "SCHULUNG"

  /// Stands above what people read.
  package static let heading = "SCHULUNG – Übungsbestand, keine echten Daten"

  /// The name of a Kreis in its training realm.
  package static func title(of kreis: String) -> String { "\(mark) \(kreis)" }

  /// A record's name for readers outside of the realm.
  package static func marked(name: String) -> String { "\(mark): \(name)" }

  /// Whether the Kreis's name is that of a training realm.
  package static func isMarked(_ kreis: String) -> Bool { kreis.hasPrefix(mark + " ") }

  /// Whether a name could be taken for that of a training realm, however it is written.
  package static func resembles(_ kreis: String) -> Bool {
    kreis.drop { $0.isWhitespace }.uppercased().hasPrefix(mark)
  }
}
