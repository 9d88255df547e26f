"""Tool packs: folders of flows with a manifest, which share connections and are installed as one."""
