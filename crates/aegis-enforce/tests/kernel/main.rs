//! Tests against the running kernel; each has an instance and namespaces of its own.

mod smoke;
