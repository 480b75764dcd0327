// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisConsole
import KreisLocal
import KreisPages
import KreisService
import KreisStore
import Logging
import NIOCore
import ServiceLifecycle

/// The console of a daemon, as its settings say.
struct ConsoleService: Service {
  private let server: ConsoleServer
  private let place: String

  /// - Throws: `CommandError` if something else lies where the socket is to be; `StateDirectoryError`.
  init(
    _ setting: ConsoleSetting, _ contact: PageContact, _ executor: CommandExecutor,
    in directory: StateDirectory, _ logger: Logger
  ) throws {
    let listen: ConsoleConfiguration.Place
    switch setting.place {
    case .loopback(let address, let port):
      place = "\(address), port \(port)"
      listen = .loopback(address, port: Int(port))
    case .socket(let path):
      place = path
      listen = .socket(path: path)
      try Self.clear(path)
    }
    var configuration = ConsoleConfiguration(listen)
    configuration.address = setting.url
    configuration.contact = contact
    configuration.signIn =
      switch setting.signIn {
      case .none: .none
      case .accounts: .accounts
      case .proxy(let header, let address): .proxy(header: header, address: address)
      }
    if let minutes = setting.idleMinutes { configuration.sessions.idle = minutes * 60 }
    if let hours = setting.sessionHours { configuration.sessions.whole = hours * 3_600 }
    server = try ConsoleServer(
      executor: executor, directory: directory, configuration: configuration,
      now: SystemClock.now, logger: logger,
      onReady: { port in
        logger.notice("the console is running", metadata: ["port": "\(port)"])
        // Only this user and this group: whoever connects may do everything, or is the proxy.
        if case .socket(let path) = listen { chmod(path, 0o660) }
      })
  }

  /// Removes the socket that an earlier run left behind.
  private static func clear(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw CommandError(
        .wrongUse, "\(path) is no socket, so the console cannot listen there; see console_listen.")
    }
    unlink(path)
  }

  func run() async throws {
    do { try await server.run() } catch let error as IOError {
      throw CommandError(
        .notNow,
        "The console cannot listen on \(place): \(String(cString: strerror(error.errnoCode))). "
          + "Another program may use it; see console_listen.")
    }
  }
}
