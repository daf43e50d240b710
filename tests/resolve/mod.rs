mod inputs;
mod pairs;
mod properties;
