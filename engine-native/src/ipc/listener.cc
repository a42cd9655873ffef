#include "ipc/listener.h"

#include <utility>

namespace codexpc::xpc {

Listener::Listener(const ListenerOptions& options, ListenerEvents events)
    : options_(options),
      events_(std::move(events)),
      queue_(dispatch_queue_create("codexpc.listener", nullptr)),
      connection_(Object::Adopt(xpc_connection_create_mach_service(options.service.c_str(), queue_,
                                                                   XPC_CONNECTION_MACH_SERVICE_LISTENER))) {}

Listener::~Listener() { dispatch_release(queue_); }

std::shared_ptr<Listener> Listener::Listen(const ListenerOptions& options, ListenerEvents events) {
  std::shared_ptr<Listener> listener(new Listener(options, std::move(events)));
  listener->Resume();
  return listener;
}

void Listener::Resume() {
  self_ = shared_from_this();
  Listener* const self = this;
  xpc_connection_set_event_handler(get(), ^(xpc_object_t event) {
    self->Handle(event);
  });
  xpc_connection_resume(get());
}

void Listener::Handle(xpc_object_t event) {
  const xpc_type_t type = xpc_get_type(event);
  if (type == XPC_TYPE_CONNECTION) {
    Take(static_cast<xpc_connection_t>(event));
  } else if (event == XPC_ERROR_CONNECTION_INVALID) {
    const std::shared_ptr<Listener> last = std::move(self_);
    events_.ended();
  }
}

void Listener::Take(xpc_connection_t peer) {
  const Peer identity{xpc_connection_get_euid(peer), xpc_connection_get_pid(peer)};
  if (identity.euid != options_.euid) {
    xpc_connection_cancel(peer);  // libxpc disposes of a connection that was never accepted
    events_.refused(identity);
    return;
  }
  std::shared_ptr<Connection> connection =
      Connection::Accept(peer, options_.requirement, options_.limits, events_.accepting());
  if (connection == nullptr) {
    events_.refused(identity);
    return;
  }
  events_.connected(connection, identity);
  connection->Start();
}

void Listener::Cancel() { xpc_connection_cancel(get()); }

}  // namespace codexpc::xpc
