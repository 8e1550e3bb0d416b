"""Text → documents: reads manifests and the Project file. Knows neither ids, nor live state, nor the network."""
