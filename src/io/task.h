#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace shoal::io {

/// Where coroutines run: an io_context and no other kind, so that each step is a call the compiler
/// sees through.
using Executor = boost::asio::io_context::executor_type;

/// A coroutine on one executor. Parameters are values, or references to services that outlive it.
/// Cancellation and our own deadlines arrive as boost::system::system_error and pass through.
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// Makes an asynchronous operation one that a Task can wait for.
using UseAwaitable = boost::asio::use_awaitable_t<Executor>;
inline constexpr UseAwaitable use_awaitable;

}  // namespace shoal::io
