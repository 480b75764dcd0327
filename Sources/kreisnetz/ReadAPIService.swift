// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisLocal
import KreisPages
import KreisReadAPI
import KreisService
import KreisStore
import Logging
import NIOCore
import ServiceLifecycle

/// The read API of a daemon, as its settings say.
struct ReadAPIService: Service {
  private let server: ReadServer
  private let place: String

  init(
    _ settings: ReadAPIConfiguration, _ contact: PageContact, _ store: Store, _ logger: Logger
  ) throws {
    var configuration = ReadServerConfiguration(
      address: settings.address, port: Int(settings.port))
    configuration.publicURL = settings.publicURL
    configuration.requestsPerSecond = Double(settings.requestsPerSecond)
    if settings.hasPages { configuration.pages = PublicPageConfiguration(contact: contact) }
    place = "\(settings.address), port \(settings.port)"
    server = try ReadServer(
      store: store, configuration: configuration, now: SystemClock.now, logger: logger,
      onReady: { port in
        logger.notice("the read API is running", metadata: ["port": "\(port)"])
      })
  }

  func run() async throws {
    do { try await server.run() } catch let error as IOError {
      throw CommandError(
        .notNow,
        "The read API cannot listen on \(place): \(String(cString: strerror(error.errnoCode))). "
          + "Another program may use the port; see read_api_listen.")
    }
  }
}

extension PageContact {
  init(_ settings: ContactConfiguration) {
    self.init()
    name = settings.name
    email = settings.email
    phone = settings.phone
    imprint = settings.imprintURL
    privacy = settings.privacyURL
  }
}
