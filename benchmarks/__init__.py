"""What the performance figures are made with: each module measures one of them against what would be used without it."""
