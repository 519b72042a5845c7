mod adapter;
mod emulators;
mod stub;
