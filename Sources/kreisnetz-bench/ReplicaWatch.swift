// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore

/// Reads a replica's files beside its daemon: what is seen here is durable there.
struct ReplicaWatch {
  private let store: Store

  /// - Throws: `StoreError`.
  init(_ state: String) throws {
    store = try Store.openReadOnly(at: state + "/kreisnetz.sqlite")
  }

  var realm: RealmID { store.identity.realm }

  /// How far the public feed was verified and merged; at the hub, how far it goes.
  ///
  /// - Throws: `StoreError`.
  func publicFeed() throws -> FeedPosition? {
    try store.blockingRead { try $0.feedCursors()[.public] }
  }

  /// Own entries that the hub has not acknowledged.
  ///
  /// - Throws: `StoreError`.
  func unsent() throws -> Int { try store.blockingRead { Int(try $0.unsent().entries) } }

  /// - Throws: `StoreError`.
  func organizations() throws -> Int {
    try store.blockingRead { snapshot in
      try snapshot.counts().first { $0.kind.name == "organization" }?.count ?? 0
    }
  }
}
